namespace Mainstay.Observe.Store.Blocks;

/// <summary>Gives each text (UTF-8) a number, from 0 in the order of their first coming. Not safe for several callers.</summary>
sealed class TextTable
{
    readonly Dictionary<ulong, int> heads = [];
    readonly List<(int Start, int Length, int Next)> entries = [];
    readonly ByteWriter bytes = new();

    public int Count => entries.Count;

    public ReadOnlySpan<byte> this[int number] => bytes.Written.Slice(entries[number].Start, entries[number].Length);

    /// <summary>The text's number.</summary>
    public int Of(ReadOnlySpan<byte> text) => Of(text, out _);

    public int Of(ReadOnlySpan<byte> text, out bool isNew)
    {
        var hash = Checksum.Hash(text);
        ref var head = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(heads, hash, out var known);
        isNew = false;
        for (var at = known ? head : -1; at >= 0; at = entries[at].Next)
        {
            if (this[at].SequenceEqual(text))
            {
                return at;
            }
        }

        isNew = true;
        entries.Add((bytes.Length, text.Length, known ? head : -1));
        bytes.Bytes(text);
        return head = entries.Count - 1;
    }

    /// <summary>Forgets all texts and keeps the memory for the next.</summary>
    public void Clear()
    {
        heads.Clear();
        entries.Clear();
        bytes.Clear();
    }

    public void Write(ByteWriter into)
    {
        into.Varint(entries.Count);
        foreach (var entry in entries)
        {
            into.Varint(entry.Length);
        }

        into.Bytes(bytes.Written);
    }

    /// <summary>Reads a table as texts; null where it is damaged.</summary>
    public static TextList? Read(ref ByteCursor from)
    {
        var ends = new int[from.Items()];
        var total = 0;
        for (var i = 0; i < ends.Length && !from.Failed; i++)
        {
            total += from.Count(Math.Max(0, from.Left - total));
            ends[i] = total;
        }

        var bytes = from.Bytes(total);
        return from.Failed ? null : new(bytes.ToArray(), ends);
    }
}

/// <summary>The texts of a table that was read back, one behind the other: thousands of them are two objects.</summary>
sealed class TextList(byte[] bytes, int[] ends)
{
    public static TextList Empty { get; } = new([], []);

    public int Count => ends.Length;

    public ReadOnlySpan<byte> this[int number]
    {
        get
        {
            var start = number == 0 ? 0 : ends[number - 1];
            return bytes.AsSpan(start, ends[number] - start);
        }
    }

    /// <summary>All of them, as text.</summary>
    public string[] Show()
    {
        var texts = new string[Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = System.Text.Encoding.UTF8.GetString(this[i]);
        }

        return texts;
    }
}

/// <summary>Numbers of texts, one after the other: 0 for one that comes for the first time, which is the next, else the text's number and one.</summary>
sealed class TextColumn
{
    readonly TextTable table = new();
    readonly ByteWriter numbers = new();

    public TextTable Table => table;

    public void Add(ReadOnlySpan<byte> text)
    {
        var number = table.Of(text, out var isNew);
        numbers.Varint(isNew ? 0 : number + 1);
    }

    /// <summary>Begins anew in the same memory.</summary>
    public void Clear()
    {
        table.Clear();
        numbers.Clear();
    }

    public void Write(ByteWriter into)
    {
        table.Write(into);
        WriteNumbers(into);
    }

    /// <summary>Writes the numbers without the texts, where what these stand for is written otherwise.</summary>
    public void WriteNumbers(ByteWriter into) => into.Bytes(numbers.Written);

    /// <summary>Reads the numbers of <paramref name="rows"/> texts; the cursor says where that failed.</summary>
    public static int[] Numbers(ref ByteCursor from, int rows, int texts)
    {
        var numbers = new int[rows];
        var seen = 0;
        for (var i = 0; i < rows; i++)
        {
            var number = from.Count(texts) - 1;
            numbers[i] = number < 0 ? seen++ : number;
            if (numbers[i] >= texts || from.Failed)
            {
                from.Fail();
                return numbers;
            }
        }

        return numbers;
    }
}
