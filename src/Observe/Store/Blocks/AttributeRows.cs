using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>Lists of attributes, read back from the columns that <see cref="AttributeColumns"/> wrote.</summary>
sealed class AttributeRows
{
    const int MostColumnsOfRow = 1 << 16;

    readonly Column[] columns;
    readonly int[][] shapes;
    readonly int[] shapeOf;

    // Of each row where its cells begin, and of each cell which of its column's values it is.
    readonly int[] cellsAt;
    readonly int[] ordinals;

    AttributeRows(Column[] columns, int[][] shapes, int[] shapeOf, int[] cellsAt, int[] ordinals) =>
        (this.columns, this.shapes, this.shapeOf, this.cellsAt, this.ordinals) = (columns, shapes, shapeOf, cellsAt, ordinals);

    /// <summary>Null where it is damaged.</summary>
    public static AttributeRows? Read(ref ByteCursor from, int rows, int mostCells)
    {
        var keys = TextTable.Read(ref from);
        var shapeTexts = keys is null ? null : TextTable.Read(ref from);
        if (keys is null || shapeTexts is null)
        {
            return null;
        }

        var shapeOf = TextColumn.Numbers(ref from, rows, shapeTexts.Count);
        var shapes = new int[shapeTexts.Count][];
        for (var i = 0; i < shapes.Length; i++)
        {
            if (Shape(shapeTexts[i], keys.Count) is not { } shape)
            {
                return null;
            }

            shapes[i] = shape;
        }

        if (from.Failed || shapeOf.Sum(s => (long)shapes[s].Length) > mostCells)
        {
            return null;
        }

        var (cellsAt, ordinals, counts) = Cells(shapeOf, shapes, keys.Count);
        var columns = new Column[keys.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            if (keys[i] is not [<= (byte)AttributeKind.Json, ..] || !(columns[i] = new(keys[i])).Read(ref from, counts[i]))
            {
                return null;
            }
        }

        return new(columns, shapes, shapeOf, cellsAt, ordinals);
    }

    /// <summary>The attributes of a row.</summary>
    public StoredAttribute[] this[int row]
    {
        get
        {
            var shape = shapes[shapeOf[row]];
            var list = new StoredAttribute[shape.Length];
            for (var i = 0; i < shape.Length; i++)
            {
                list[i] = new(columns[shape[i]].Name, columns[shape[i]].Show(ordinals[cellsAt[row] + i]));
            }

            return list;
        }
    }

    /// <summary>Whether a row has an attribute of that key and value.</summary>
    public bool Has(int row, string key, string value)
    {
        var shape = shapes[shapeOf[row]];
        for (var i = 0; i < shape.Length; i++)
        {
            if (columns[shape[i]].Name == key && columns[shape[i]].Show(ordinals[cellsAt[row] + i]) == value)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a row has an attribute whose value passes.</summary>
    public bool Any(int row, Func<string, bool> passes)
    {
        var shape = shapes[shapeOf[row]];
        for (var i = 0; i < shape.Length; i++)
        {
            if (passes(columns[shape[i]].Show(ordinals[cellsAt[row] + i])))
            {
                return true;
            }
        }

        return false;
    }

    static int[]? Shape(ReadOnlySpan<byte> text, int columns)
    {
        var cursor = new ByteCursor(text);
        var shape = new List<int>();
        while (cursor.Left > 0 && shape.Count < MostColumnsOfRow)
        {
            shape.Add(cursor.Count(columns - 1));
            if (cursor.Failed)
            {
                return null;
            }
        }

        return [.. shape];
    }

    static (int[] At, int[] Ordinals, int[] Counts) Cells(int[] shapeOf, int[][] shapes, int columns)
    {
        var counts = new int[columns];
        var at = new int[shapeOf.Length + 1];
        for (var row = 0; row < shapeOf.Length; row++)
        {
            at[row + 1] = at[row] + shapes[shapeOf[row]].Length;
        }

        var ordinals = new int[at[^1]];
        for (var row = 0; row < shapeOf.Length; row++)
        {
            var shape = shapes[shapeOf[row]];
            for (var i = 0; i < shape.Length; i++)
            {
                ordinals[at[row] + i] = counts[shape[i]]++;
            }
        }

        return (at, ordinals, counts);
    }

    sealed class Column(ReadOnlySpan<byte> key)
    {
        readonly AttributeKind kind = (AttributeKind)key[0];
        TextList texts = TextList.Empty;
        string?[] shown = [];
        int[] numbers = [];
        long[] bits = [];

        public string Name { get; } = Encoding.UTF8.GetString(key[1..]);

        public bool Read(ref ByteCursor from, int count)
        {
            if (kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes)
            {
                if (TextTable.Read(ref from) is not { } table)
                {
                    return false;
                }

                (texts, shown) = (table, new string?[table.Count]);
                numbers = TextColumn.Numbers(ref from, count, table.Count);
                return !from.Failed;
            }

            bits = new long[kind == AttributeKind.Empty ? 0 : count];
            for (var i = 0; i < bits.Length && !from.Failed; i++)
            {
                bits[i] = kind switch
                {
                    AttributeKind.Integer => from.Zigzag(),
                    AttributeKind.Number => (long)from.UInt64(),
                    _ => from.Byte(),
                };
            }

            return !from.Failed;
        }

        public string Show(int ordinal) =>
            kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes
                ? shown[numbers[ordinal]] ??= AttributeView.Show(kind, texts[numbers[ordinal]], 0)
                : AttributeView.Show(kind, default, bits.Length == 0 ? 0 : bits[ordinal]);
    }
}
