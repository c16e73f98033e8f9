# cython: boundscheck=False, wraparound=False, autotestdict=False
"""The loops over rows and columns of `sikka_rows.Table`, compiled.

Every column has a kind, kept as one byte; a row is walked once and each value goes through the
branch of its kind. A value in an error message could be a secret, so messages name the table,
the column, the rule and at most the type.
"""

cimport cython
from cpython.bool cimport PyBool_Check
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.datetime cimport (
    PyDateTime_Check,
    datetime_day,
    datetime_hour,
    datetime_microsecond,
    datetime_minute,
    datetime_month,
    datetime_new,
    datetime_second,
    datetime_tzinfo,
    datetime_year,
    get_utc,
    import_datetime,
)
from cpython.float cimport PyFloat_Check
from cpython.long cimport PyLong_Check, PyLong_CheckExact
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_Check, PyUnicode_CheckExact, PyUnicode_DecodeASCII
from libc.limits cimport LLONG_MAX
from libc.math cimport isfinite, llround
from libc.string cimport memcpy, memmove

from sikka_rows._literals cimport Literals

import struct
from decimal import Decimal

from sikka_rows.column import KINDS as _KINDS

import_datetime()

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    object PyUnicode_FromObject(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1

# In the order of KINDS.
cdef enum Kind:
    TEXT
    INT
    BOOL
    MONEY
    TIME
    JSON
    BYTES

# What a text's column may ask for beside its bound.
cdef enum Flag:
    IS_ASCII = 1
    IN_BYTES = 2

# DECIMAL(15, 2) holds this many minor units, and a double holds every one of them exactly.
cdef long long MONEY_MINOR_MAX = 999_999_999_999_999
# MySQL's DATETIME begins here.
cdef int YEAR_MIN = 1000

cdef object UTC = get_utc()
cdef object DECIMAL = Decimal


@cython.final
@cython.auto_pickle(False)
cdef class Codec:
    """Encodes and decodes rows of the given columns; the loops of `Table`, compiled."""

    cdef str table
    cdef tuple columns
    cdef bytes kinds
    cdef const unsigned char *kind_of
    cdef bytes flags
    cdef const unsigned char *flags_of
    cdef bytes bounds
    cdef const long long *bound_of
    cdef Py_ssize_t width
    cdef object dumps
    cdef object loads

    def __init__(self, str table not None, columns, dumps, loads):
        self.table = table
        self.columns = tuple(columns)
        self.width = len(self.columns)
        self.kinds = bytes([_KINDS.index(column.kind) for column in self.columns])
        self.kind_of = self.kinds
        self.flags = bytes([
            (IS_ASCII if column.is_ascii else 0) | (IN_BYTES if column.bytes_max else 0)
            for column in self.columns
        ])
        self.flags_of = self.flags
        bounds = [next(iter(column.bounds.values()), LLONG_MAX) for column in self.columns]
        self.bounds = struct.pack(f"{self.width}q", *bounds)
        self.bound_of = <const long long *><const char *>self.bounds
        self.dumps = dumps
        self.loads = loads

    def encode(self, rows):
        """One tuple of database values per row."""
        cdef list encoded = []
        cdef tuple values, row
        cdef Py_ssize_t i
        cdef object value
        for source in rows:
            values = self._row(source)
            row = PyTuple_New(self.width)
            for i in range(self.width):
                value = self._encoded(i, values[i])
                Py_INCREF(value)
                PyTuple_SET_ITEM(row, i, value)
            encoded.append(row)
        return encoded

    def flatten(self, rows):
        """The database values of all rows in one list."""
        cdef list encoded = []
        cdef tuple values
        cdef Py_ssize_t i
        for source in rows:
            values = self._row(source)
            for i in range(self.width):
                encoded.append(self._encoded(i, values[i]))
        return encoded

    def write(self, bytes head not None, rows, bytes tail not None, Py_ssize_t bytes_max):
        """Statements of at most `bytes_max` bytes: head, rows in parentheses, tail."""
        cdef Literals out = Literals()
        cdef list statements = []
        cdef tuple values
        cdef Py_ssize_t i, row
        cdef Py_ssize_t head_size = PyBytes_GET_SIZE(head), tail_size = PyBytes_GET_SIZE(tail)
        out.raw(PyBytes_AS_STRING(head), head_size)
        for source in rows:
            values = self._row(source)
            row = out.size
            if row > head_size:
                out.raw(",", 1)
            for i in range(self.width):
                out.raw("," if i else "(", 1)
                out.literal(self._encoded(i, values[i]))
            out.raw(")", 1)
            if out.size + tail_size <= bytes_max:
                continue
            if row > head_size:
                # The row begins a statement of its own, without the comma before it.
                statements.append(joined(out.data, row, tail))
                memmove(&out.data[head_size], &out.data[row + 1], out.size - row - 1)
                out.size -= row + 1 - head_size
            if out.size + tail_size > bytes_max:
                raise ValueError(
                    f"{self.table}: a row takes more than the {bytes_max} bytes of a statement"
                )
        if out.size == head_size:
            raise ValueError(f"{self.table}: a statement takes at least one row")
        statements.append(joined(out.data, out.size, tail))
        return statements

    def decode(self, rows):
        """One tuple of Python values per database row."""
        cdef list decoded = []
        cdef tuple values, row
        cdef Py_ssize_t i
        cdef object value
        for source in rows:
            values = self._row(source)
            row = PyTuple_New(self.width)
            for i in range(self.width):
                value = self._decoded(i, values[i])
                Py_INCREF(value)
                PyTuple_SET_ITEM(row, i, value)
            decoded.append(row)
        return decoded

    cdef tuple _row(self, object source):
        # A tuple is taken as it is; anything else is copied, so that nothing can change it
        # while it is read. A mapping would hand over its names instead of its values.
        cdef tuple values
        if isinstance(source, dict):
            raise TypeError(f"{self.table}: a row is a sequence of values, not a dict")
        values = source if type(source) is tuple else tuple(source)
        if len(values) != self.width:
            raise ValueError(
                f"{self.table}: a row has {len(values)} values for {self.width} columns"
            )
        return values

    cdef object _encoded(self, Py_ssize_t i, object value):
        cdef int kind = self.kind_of[i]
        if value is None:
            return None
        if kind == TEXT:
            return self._text_in(i, value)
        if kind == INT:
            return self._int_in(i, value)
        if kind == BOOL:
            if not PyBool_Check(value):
                raise self._wrong_type(i, "bool", value)
            return 1 if value is True else 0
        if kind == MONEY:
            return self._money_in(i, value)
        if kind == TIME:
            return self._time_in(i, value)
        if kind == JSON:
            return self._json_in(i, value)
        return self._bytes_in(i, value)

    cdef object _decoded(self, Py_ssize_t i, object value):
        cdef int kind = self.kind_of[i]
        if value is None:
            return None
        if kind == TEXT:
            if not PyUnicode_Check(value):
                raise self._wrong_type(i, "str", value)
            return value
        if kind == INT:
            if PyBool_Check(value) or not PyLong_Check(value):
                raise self._wrong_type(i, "int", value)
            return value
        if kind == BOOL:
            return self._bool_out(i, value)
        if kind == MONEY:
            return self._money_out(i, value)
        if kind == TIME:
            return self._time_out(i, value)
        if kind == JSON:
            return self._json_out(i, value)
        return self._bytes(i, value)

    cdef object _text_in(self, Py_ssize_t i, object value):
        cdef Py_ssize_t size
        if not PyUnicode_CheckExact(value):
            if not PyUnicode_Check(value):
                raise self._wrong_type(i, "str", value)
            value = PyUnicode_FromObject(value)
        # Only the wider layouts of a str can hold half of a surrogate pair.
        if not PyUnicode_IS_ASCII(value) and PyUnicode_KIND(value) != 1:
            try:
                PyUnicode_AsUTF8AndSize(value, &size)
            except UnicodeEncodeError:
                raise self._wrong(i, "holds half of a surrogate pair") from None
        if self.flags_of[i] & IS_ASCII and not PyUnicode_IS_ASCII(value):
            raise self._wrong(i, "takes ASCII alone")
        if self.bound_of[i] != LLONG_MAX:
            self._check_size(i, value)
        return value

    cdef int _check_size(self, Py_ssize_t i, object value) except -1:
        cdef Py_ssize_t size = PyUnicode_GET_LENGTH(value)
        cdef str unit = "characters"
        if self.flags_of[i] & IN_BYTES:
            PyUnicode_AsUTF8AndSize(value, &size)
            unit = "bytes of UTF-8"
        if size > self.bound_of[i]:
            raise self._wrong(i, f"takes at most {self.bound_of[i]} {unit}")
        return 0

    cdef object _int_in(self, Py_ssize_t i, object value):
        cdef int overflow = 0
        cdef long long number, bound = self.bound_of[i]
        if not PyLong_CheckExact(value):
            if PyBool_Check(value) or not PyLong_Check(value):
                raise self._wrong_type(i, "int", value)
            value = int(value)
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow or number > bound or number < -bound - 1:
            if bound == LLONG_MAX:
                raise self._wrong(i, "takes an int of 64 bits, and this one is larger")
            raise self._wrong(i, f"takes an int from {-bound - 1} to {bound}")
        return value

    cdef object _money_in(self, Py_ssize_t i, object value):
        cdef int overflow = 0
        cdef long long minor, rest
        cdef char text[24]
        cdef Py_ssize_t at = 24
        if PyBool_Check(value) or not PyLong_Check(value):
            raise self._wrong_type(i, "int minor units", value)
        minor = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow or minor > MONEY_MINOR_MAX or minor < -MONEY_MINOR_MAX:
            raise self._wrong(i, "takes at most 15 digits of minor units")
        if minor > self.bound_of[i] or minor < -self.bound_of[i]:
            raise self._wrong(i, f"takes at most {self.bound_of[i]} minor units")
        rest = -minor if minor < 0 else minor
        while rest or at > 20:
            at -= 1
            if at == 21:
                text[at] = c"."
                continue
            text[at] = c"0" + <char>(rest % 10)
            rest //= 10
        if minor < 0:
            at -= 1
            text[at] = c"-"
        return PyUnicode_DecodeASCII(&text[at], 24 - at, NULL)

    cdef object _money_out(self, Py_ssize_t i, object value):
        cdef long long minor
        if type(value) is DECIMAL:
            text = str(value)
            return self._money_parsed(i, format(value, "f") if "E" in text else text)
        if PyUnicode_Check(value):
            return self._money_parsed(i, value)
        if PyFloat_Check(value):
            # SQLite keeps 1299.50 as a double, which is exact to 15 digits.
            if isfinite(value) and -1e13 < value < 1e13:
                minor = llround(value * 100.0)
                if minor / 100.0 == value:
                    return minor
            raise self._wrong(i, "is not an amount with two decimal places")
        if PyLong_Check(value) and not PyBool_Check(value):
            # SQLite keeps 1299.00 as the integer 1299.
            return self._money_parsed(i, str(value))
        raise self._wrong_type(i, "Decimal or str", value)

    cdef object _money_parsed(self, Py_ssize_t i, object value):
        # [-+]digits[.digits], where every digit after the second place is a zero.
        cdef Py_ssize_t size, at = 0, places = -1, digits = 0
        cdef long long minor = 0
        cdef bint negative
        cdef const char *text = PyUnicode_AsUTF8AndSize(value, &size)
        negative = size > 0 and text[0] == c"-"
        if size > 0 and (text[0] == c"-" or text[0] == c"+"):
            at = 1
        while at < size:
            if text[at] == c"." and places < 0 and digits:
                places = 0
            elif text[at] < c"0" or text[at] > c"9" or (places >= 2 and text[at] != c"0"):
                raise self._wrong(i, "is not an amount with two decimal places")
            elif places < 2:
                minor = minor * 10 + (text[at] - c"0")
                if minor > MONEY_MINOR_MAX:
                    raise self._wrong(i, "takes at most 15 digits of minor units")
                digits += 1
                places += places >= 0
            at += 1
        if not digits or text[size - 1] == c".":
            raise self._wrong(i, "is not an amount with two decimal places")
        for _ in range(2 - (places if places > 0 else 0)):
            minor *= 10
        if minor > MONEY_MINOR_MAX:
            raise self._wrong(i, "takes at most 15 digits of minor units")
        return -minor if negative else minor

    cdef object _time_in(self, Py_ssize_t i, object value):
        cdef char text[26]
        cdef int year
        if not PyDateTime_Check(value):
            raise self._wrong_type(i, "an aware datetime", value)
        if datetime_tzinfo(value) is not UTC:
            if value.utcoffset() is None:
                raise self._wrong(i, "takes an aware datetime, and this one is naive")
            try:
                value = value.astimezone(UTC)
            except OverflowError:
                raise self._wrong(i, "is outside the years 1000 to 9999 in UTC") from None
        year = datetime_year(value)
        if year < YEAR_MIN:
            raise self._wrong(i, "is outside the years 1000 to 9999 in UTC")
        write_digits(text, year, 4)
        text[4] = text[7] = c"-"
        write_digits(&text[5], datetime_month(value), 2)
        write_digits(&text[8], datetime_day(value), 2)
        text[10] = c" "
        write_digits(&text[11], datetime_hour(value), 2)
        text[13] = text[16] = c":"
        write_digits(&text[14], datetime_minute(value), 2)
        write_digits(&text[17], datetime_second(value), 2)
        text[19] = c"."
        write_digits(&text[20], datetime_microsecond(value), 6)
        return PyUnicode_DecodeASCII(text, 26, NULL)

    cdef object _time_out(self, Py_ssize_t i, object value):
        if PyDateTime_Check(value):
            if datetime_tzinfo(value) is not None:
                raise self._wrong(i, "takes a naive datetime from a driver, and this one is aware")
            return datetime_new(
                datetime_year(value), datetime_month(value), datetime_day(value),
                datetime_hour(value), datetime_minute(value), datetime_second(value),
                datetime_microsecond(value), UTC, 0,
            )
        if PyUnicode_Check(value):
            return self._time_parsed(i, value)
        raise self._wrong_type(i, "datetime or str", value)

    cdef object _time_parsed(self, Py_ssize_t i, object value):
        cdef Py_ssize_t size
        cdef const char *text = PyUnicode_AsUTF8AndSize(value, &size)
        cdef int numbers[7]
        if not read_time(text, size, numbers):
            raise self._wrong(i, "is not a time as YYYY-MM-DD HH:MM:SS.ffffff")
        try:
            return datetime_new(
                numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
                numbers[6], UTC, 0,
            )
        except ValueError:
            raise self._wrong(i, "is no day of the calendar or no time of the day") from None

    cdef object _json_in(self, Py_ssize_t i, object value):
        if PyUnicode_Check(value):
            return self._text_in(i, value)
        if not PyBytes_CheckExact(value):
            if not isinstance(value, (dict, list, tuple)):
                raise self._wrong_type(i, "dict, list or JSON text", value)
            try:
                value = self.dumps(value)
            except (TypeError, ValueError, RecursionError):
                raise self._wrong(i, "holds something that JSON cannot carry") from None
        if PyBytes_CheckExact(value):
            try:
                value = (<bytes>value).decode("utf-8")
            except UnicodeDecodeError:
                raise self._wrong(i, "is not UTF-8") from None
        return self._text_in(i, value)

    cdef object _json_out(self, Py_ssize_t i, object value):
        if PyUnicode_Check(value) or PyBytes_CheckExact(value):
            try:
                return self.loads(value)
            except (ValueError, RecursionError):
                raise self._wrong(i, "is not JSON") from None
        if PyBool_Check(value) or not isinstance(value, (dict, list, int, float)):
            raise self._wrong_type(i, "JSON text", value)
        # Some drivers parse JSON, and SQLite keeps a JSON number as a number.
        return value

    cdef object _bool_out(self, Py_ssize_t i, object value):
        if not PyLong_Check(value):
            raise self._wrong_type(i, "0 or 1", value)
        if value == 0:
            return False
        if value == 1:
            return True
        raise self._wrong(i, "is neither 0 nor 1")

    cdef object _bytes_in(self, Py_ssize_t i, object value):
        value = self._bytes(i, value)
        if PyBytes_GET_SIZE(value) > self.bound_of[i]:
            raise self._wrong(i, f"takes at most {self.bound_of[i]} bytes")
        return value

    cdef object _bytes(self, Py_ssize_t i, object value):
        if PyBytes_CheckExact(value):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        raise self._wrong_type(i, "bytes", value)

    cdef object _wrong_type(self, Py_ssize_t i, str expected, object value):
        return TypeError(f"{self._place(i)} takes {expected}, not {type(value).__name__}")

    cdef object _wrong(self, Py_ssize_t i, str rule):
        return ValueError(f"{self._place(i)} {rule}")

    cdef str _place(self, Py_ssize_t i):
        return f"{self.table}.{self.columns[i].name}: {_KINDS[self.kind_of[i]]}"


cdef bytes joined(const char *data, Py_ssize_t size, bytes tail):
    cdef bytes statement = PyBytes_FromStringAndSize(NULL, size + PyBytes_GET_SIZE(tail))
    memcpy(PyBytes_AS_STRING(statement), data, size)
    memcpy(PyBytes_AS_STRING(statement) + size, PyBytes_AS_STRING(tail), PyBytes_GET_SIZE(tail))
    return statement


cdef inline void write_digits(char *text, int number, int width) noexcept:
    while width:
        width -= 1
        text[width] = c"0" + <char>(number % 10)
        number //= 10


cdef bint read_time(const char *text, Py_ssize_t size, int *numbers) noexcept:
    """Reads YYYY-MM-DD HH:MM:SS with up to six decimal places; False when it is not that."""
    cdef Py_ssize_t at
    cdef int field, scale = 100_000
    if size < 19 or size == 20 or size > 26 or (size > 20 and text[19] != c"."):
        return False
    if text[4] != c"-" or text[7] != c"-" or text[10] != c" ":
        return False
    if text[13] != c":" or text[16] != c":":
        return False
    numbers[0] = 100 * two_digits(text) + two_digits(&text[2])
    for field in range(1, 6):
        numbers[field] = two_digits(&text[2 + 3 * field])
    numbers[6] = 0
    for at in range(20, size):
        if text[at] < c"0" or text[at] > c"9":
            return False
        numbers[6] += scale * (text[at] - c"0")
        scale //= 10
    for field in range(6):
        if numbers[field] < 0:
            return False
    return True


cdef inline int two_digits(const char *text) noexcept:
    """The number that two digits make; less than any year can make good when they are none."""
    if text[0] < c"0" or text[0] > c"9" or text[1] < c"0" or text[1] > c"9":
        return -10_000
    return 10 * (text[0] - c"0") + text[1] - c"0"
