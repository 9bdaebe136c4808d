"""Arrow on the way in and pandas on the way out: how columns reach DuckDB and people.

Only this module imports pyarrow; both guests are let in when they are first needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .schema import Table, stored

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Slot:
    """A seat for an Arrow table that is registered with DuckDB once and filled again and again.

    Registering a table anew costs DuckDB 0.6 ms a lump, more than inserting 300 rows.
    """

    __slots__ = ("_schema", "_table")

    def __init__(self, table: Table) -> None:
        import pyarrow as pa

        kinds = {
            "VARCHAR": pa.string(),
            "BIGINT": pa.int64(),
            "DOUBLE": pa.float64(),
            "BLOB": pa.binary(),
        }
        self._schema = pa.schema([(c.name, kinds[c.type]) for c in stored(table)])
        self._table = self._schema.empty_table()

    def fill(self, columns: Sequence[Sequence[Any]]) -> None:
        """Seat these columns, in the table's order."""
        import pyarrow as pa

        pairs = zip(columns, self._schema.types, strict=True)
        arrays = [_array(column, kind) for column, kind in pairs]
        self._table = pa.Table.from_arrays(arrays, schema=self._schema)

    def clear(self) -> None:
        """Let go of what was seated."""
        self._table = self._schema.empty_table()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column as Arrow. What does not fit becomes NULL: the log has it and must go on."""
    import pyarrow as pa

    try:
        return pa.array(column, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array([_fitting(value, kind) for value in column], kind)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    import pyarrow as pa

    if isinstance(value, bytes) and pa.types.is_string(kind):
        return value.decode(errors="replace")
    try:
        pa.scalar(value, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    return value


def to_frame(table: pa.Table | None) -> pd.DataFrame:
    """An answer as pandas: whole numbers stay whole (`Int64` where some are missing).

    DECIMAL becomes float64, sums of BIGINT int64; INTERVAL a timedelta; lists and structs
    Python objects; NULL is pandas' missing value of the column's type.
    """
    import pandas as pd

    if table is None:
        return pd.DataFrame()
    series = {i: _series(table.column(i)) for i in range(table.num_columns)}
    frame = pd.DataFrame(series, index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names)
    return frame


def _series(column: pa.ChunkedArray) -> Any:
    import pandas as pd
    import pyarrow as pa

    column = _plain(column)
    kind = column.type
    if column.null_count and pa.types.is_integer(kind):
        name = str(kind).replace("int", "Int").replace("uInt", "UInt")
        return column.to_pandas(types_mapper={kind: getattr(pd, f"{name}Dtype")()}.get)
    if column.null_count and pa.types.is_boolean(kind):
        return column.to_pandas(types_mapper={kind: pd.BooleanDtype()}.get)
    if pa.types.is_nested(kind) or pa.types.is_null(kind):
        return pd.Series(column.to_pylist(), dtype=object)
    if pa.types.is_interval(kind):
        return pd.Series([_timedelta(value) for value in column.to_pylist()])
    return column.to_pandas()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without the wrappings pandas has no use for: JSON's extension type, decimals."""
    import pyarrow as pa

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif pa.types.is_decimal(kind) and kind.scale == 0:
        try:
            column = column.cast(pa.int64())
        except pa.ArrowInvalid:
            column = column.cast(pa.float64())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    return column


def _timedelta(value: Any) -> pd.Timedelta:
    import pandas as pd

    if value is None:
        return pd.NaT  # type: ignore[return-value]
    months, days, nanos = value
    return pd.Timedelta(days=months * 30 + days) + pd.Timedelta(nanos, unit="ns")
