using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>
/// Lists of attributes turned into columns, one for each key and kind, so that like lies beside like and packs well. A row is a list; which columns it has, and
/// in which order, is its shape, of which there are few.
/// </summary>
sealed class AttributeColumns
{
    const int MostSpare = 64;

    readonly TextTable keys = new();
    readonly List<Column> columns = [];
    readonly List<Column> spare = [];
    readonly TextColumn shapes = new();
    readonly ByteWriter shape = new();
    readonly ByteWriter scratch = new();
    int rows;

    public int Rows => rows;

    /// <summary>Adds an attribute to the row that is under way.</summary>
    public void Add(ReadOnlySpan<byte> key, AttributeKind kind, ReadOnlySpan<byte> text, long bits)
    {
        scratch.Clear();
        scratch.Byte((byte)kind);
        scratch.Bytes(key);
        var number = keys.Of(scratch.Written, out var isNew);
        if (isNew)
        {
            columns.Add(Spare(kind) ?? new(kind));
        }

        shape.Varint(number);
        columns[number].Add(text, bits);
    }

    /// <summary>Ends the row.</summary>
    public void End()
    {
        shapes.Add(shape.Written);
        shape.Clear();
        rows++;
    }

    /// <summary>Begins anew in the same memory; that of at most <see cref="MostSpare"/> columns.</summary>
    public void Clear()
    {
        keys.Clear();
        shapes.Clear();
        shape.Clear();
        foreach (var column in columns)
        {
            if (spare.Count < MostSpare)
            {
                column.Clear();
                spare.Add(column);
            }
        }

        columns.Clear();
        rows = 0;
    }

    public void Write(ByteWriter into)
    {
        keys.Write(into);
        shapes.Write(into);
        foreach (var column in columns)
        {
            column.Write(into);
        }
    }

    /// <summary>Adds the terms of all values.</summary>
    public void Terms(HashSet<ulong> into)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            columns[i].Terms(keys[i][1..], into);
        }
    }

    Column? Spare(AttributeKind kind)
    {
        var at = spare.FindLastIndex(c => c.Kind == kind);
        if (at < 0)
        {
            return null;
        }

        var found = spare[at];
        spare[at] = spare[^1];
        spare.RemoveAt(spare.Count - 1);
        return found;
    }

    static bool HasText(AttributeKind kind) => kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes;

    sealed class Column(AttributeKind kind)
    {
        readonly TextColumn? texts = HasText(kind) ? new() : null;
        readonly ByteWriter? numbers = HasText(kind) ? null : new(16);
        readonly HashSet<long>? distinct = kind is AttributeKind.Integer or AttributeKind.Flag or AttributeKind.Number ? [] : null;

        public AttributeKind Kind => kind;

        public void Clear()
        {
            texts?.Clear();
            numbers?.Clear();
            distinct?.Clear();
        }

        public void Add(ReadOnlySpan<byte> text, long bits)
        {
            texts?.Add(text);
            distinct?.Add(bits);
            switch (kind)
            {
                case AttributeKind.Integer:
                    numbers!.Zigzag(bits);
                    break;
                case AttributeKind.Number:
                    numbers!.UInt64((ulong)bits);
                    break;
                case AttributeKind.Flag:
                    numbers!.Byte(bits != 0 ? (byte)1 : (byte)0);
                    break;
            }
        }

        public void Write(ByteWriter into)
        {
            texts?.Write(into);
            if (numbers is not null)
            {
                into.Bytes(numbers.Written);
            }
        }

        public void Terms(ReadOnlySpan<byte> key, HashSet<ulong> into)
        {
            for (var i = 0; i < texts?.Table.Count; i++)
            {
                var text = texts.Table[i];
                into.Add(TermFilter.Term(key, kind == AttributeKind.Bytes ? System.Text.Encoding.UTF8.GetBytes(AttributeView.Show(kind, text, 0)) : text));
            }

            foreach (var bits in distinct ?? [])
            {
                into.Add(kind == AttributeKind.Integer ? TermFilter.Term(key, bits) : TermFilter.Term(key, System.Text.Encoding.UTF8.GetBytes(AttributeView.Show(kind, default, bits))));
            }
        }
    }
}
