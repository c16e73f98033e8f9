cimport cython


@cython.final
cdef class Literals:
    """The bytes of a statement that grows value by value."""

    cdef char *data
    cdef Py_ssize_t size
    cdef Py_ssize_t capacity

    cdef int raw(self, const char *text, Py_ssize_t size) except -1
    cdef int literal(self, object value) except -1
    cdef int digits(self, long long number) except -1
    cdef int quoted(self, const char *text, Py_ssize_t size, bint is_ascii) except -1
    cdef int hexadecimal(self, const char *text, Py_ssize_t size) except -1
    cdef int reserve(self, Py_ssize_t more) except -1
