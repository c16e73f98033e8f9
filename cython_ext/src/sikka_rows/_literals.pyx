# cython: boundscheck=False, wraparound=False, autotestdict=False
"""Values as literals of MySQL and MariaDB, compiled.

A literal means the same whatever the session is set to, because it never holds what a setting
gives another meaning to:

- No backslash is ever written, which NO_BACKSLASH_ESCAPES would read otherwise: text that holds
  one is written in hexadecimal, and so are NUL and every bytes.
- A quote within a text is written twice, which every sql_mode reads as one. No double quote is
  written as a delimiter, which ANSI_QUOTES would read as a name.
- The quote, 0x27, is no part of a longer character in any character set that a client may have,
  so none can swallow the one that ends a text. What is not ASCII names its own character set.
"""

cimport cython
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_Check,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.long cimport PyLong_Check
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport PyUnicode_Check
from libc.string cimport memchr, memcpy

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1

cdef const char *HEX = "0123456789ABCDEF"


@cython.final
@cython.auto_pickle(False)
cdef class Literals:
    """The bytes of a statement that grows value by value."""

    def __cinit__(self):
        self.reserve(256)

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t capacity
        cdef char *data
        if self.capacity - self.size >= more:
            return 0
        capacity = 2 * (self.size + more)
        data = <char *>PyMem_Realloc(self.data, capacity)
        if data is NULL:
            raise MemoryError
        self.data = data
        self.capacity = capacity
        return 0

    cdef int raw(self, const char *text, Py_ssize_t size) except -1:
        """Add bytes as they are."""
        self.reserve(size)
        memcpy(&self.data[self.size], text, size)
        self.size += size
        return 0

    cdef int literal(self, object value) except -1:
        """Add a value; TypeError for a type that has no literal, ValueError for a bad value."""
        cdef Py_ssize_t size
        cdef const char *text
        cdef int overflow = 0
        cdef long long number
        if value is None:
            return self.raw("NULL", 4)
        if PyUnicode_Check(value):
            try:
                text = PyUnicode_AsUTF8AndSize(value, &size)
            except UnicodeEncodeError:
                raise ValueError("a text holds half of a surrogate pair") from None
            return self.quoted(text, size, PyUnicode_IS_ASCII(value))
        if PyLong_Check(value):
            number = PyLong_AsLongLongAndOverflow(value, &overflow)
            if overflow:
                raise ValueError("an int has more than 64 bits")
            return self.digits(number)
        if PyBytes_Check(value):
            return self.hexadecimal(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        raise TypeError(f"a value of type {type(value).__name__} has no literal")

    cdef int digits(self, long long number) except -1:
        cdef char text[20]
        cdef Py_ssize_t at = 20
        # The smallest number has no positive twin of 64 signed bits.
        cdef unsigned long long rest = <unsigned long long>number
        if number < 0:
            rest = 0 - rest
        while True:
            at -= 1
            text[at] = c"0" + <char>(rest % 10)
            rest //= 10
            if not rest:
                break
        if number < 0:
            at -= 1
            text[at] = c"-"
        return self.raw(&text[at], 20 - at)

    cdef int quoted(self, const char *text, Py_ssize_t size, bint is_ascii) except -1:
        cdef Py_ssize_t at
        cdef char *out
        if memchr(text, c"\\", size) is not NULL or memchr(text, 0, size) is not NULL:
            self.raw("_utf8mb4 ", 9)
            return self.hexadecimal(text, size)
        if not is_ascii:
            self.raw("_utf8mb4", 8)
        if memchr(text, c"'", size) is NULL:
            self.reserve(size + 2)
            out = &self.data[self.size]
            out[0] = c"'"
            memcpy(&out[1], text, size)
            out[size + 1] = c"'"
            self.size += size + 2
            return 0
        self.reserve(2 * size + 2)
        out = &self.data[self.size]
        out[0] = c"'"
        out += 1
        for at in range(size):
            out[0] = text[at]
            out += 1
            if text[at] == c"'":
                out[0] = c"'"
                out += 1
        out[0] = c"'"
        self.size = out + 1 - self.data
        return 0

    cdef int hexadecimal(self, const char *text, Py_ssize_t size) except -1:
        cdef Py_ssize_t at
        cdef char *out
        self.reserve(2 * size + 3)
        out = &self.data[self.size]
        out[0] = c"x"
        out[1] = c"'"
        for at in range(size):
            out[2 + 2 * at] = HEX[<unsigned char>text[at] >> 4]
            out[3 + 2 * at] = HEX[<unsigned char>text[at] & 15]
        out[2 + 2 * size] = c"'"
        self.size += 2 * size + 3
        return 0


def written(str text not None, parameters):
    """The statement with every %s replaced by the literal of its parameter."""
    cdef list parts = text.split("%s")
    cdef tuple values = tuple(parameters)
    cdef Literals out = Literals()
    cdef Py_ssize_t at, size
    cdef const char *part
    if text.count("%") != len(parts) - 1:
        raise ValueError("a statement marks its values by %s and holds no other percent sign")
    if len(parts) - 1 != len(values):
        raise ValueError(f"a statement of {len(parts) - 1} marks takes no {len(values)} values")
    for at in range(len(parts)):
        if at:
            out.literal(values[at - 1])
        part = PyUnicode_AsUTF8AndSize(parts[at], &size)
        out.raw(part, size)
    return PyBytes_FromStringAndSize(out.data, out.size)
