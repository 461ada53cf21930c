namespace Mainstay.State.Queues.Rabbit;

/// <summary>
/// Messages that are to be stored all or none: one message at the broker, which is there or is not. From it each is written into its queue; what is there
/// already after a crash is known by its id.
/// </summary>
/// <param name="By">The engine that accepted them.</param>
/// <param name="Id">Of the envelope: a number that no message has, below 0.</param>
sealed record Envelope(uint By, long Id, IReadOnlyList<EnvelopeContent> Contents, IReadOnlyList<EnvelopeMember> Members)
{
    const byte Version = 1;

    public byte[] Encode()
    {
        using var into = new MemoryStream(64 + Contents.Sum(c => c.Head.Length + c.Body.Length + 40) + (Members.Count * 48));
        using (var writer = new BinaryWriter(into))
        {
            writer.Write(Version);
            writer.Write(By);
            writer.Write(Id);
            writer.Write7BitEncodedInt(Contents.Count);
            foreach (var content in Contents)
            {
                Write(writer, content.Key);
                Write(writer, content.Dedupe);
                writer.Write((byte)content.Priority);
                Write(writer, content.Head);
                Write(writer, content.Body);
            }

            writer.Write7BitEncodedInt(Members.Count);
            foreach (var member in Members)
            {
                writer.Write(member.Queue);
                writer.Write7BitEncodedInt(member.Content);
                writer.Write(member.Id);
                writer.Write(member.AtMs);
                writer.Write(member.DueMs);
            }
        }

        return into.ToArray();
    }

    /// <summary>Null where it is none.</summary>
    public static Envelope? Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()));
            if (reader.ReadByte() != Version)
                return null;
            var (by, id) = (reader.ReadUInt32(), reader.ReadInt64());
            var contents = new List<EnvelopeContent>();
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
                contents.Add(new(Text(reader), Text(reader), reader.ReadByte(), Bytes(reader), Bytes(reader)));
            var members = new List<EnvelopeMember>();
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
            {
                var member = new EnvelopeMember(reader.ReadString(), reader.Read7BitEncodedInt(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
                if (member.Content < 0 || member.Content >= contents.Count)
                    return null;
                members.Add(member);
            }

            return new(by, id, contents, members);
        }
        catch (Exception cut) when (cut is IOException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    static void Write(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
            writer.Write(text);
    }

    static void Write(BinaryWriter writer, ReadOnlyMemory<byte> bytes)
    {
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes.Span);
    }

    static string? Text(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    static byte[] Bytes(BinaryReader reader)
    {
        var length = reader.Read7BitEncodedInt();
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }
}

/// <summary>What a message of an envelope is, whatever queues it goes to.</summary>
sealed record EnvelopeContent(string? Key, string? Dedupe, int Priority, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body);

/// <summary>A message of an envelope in one queue.</summary>
/// <param name="Content">Which of the contents.</param>
readonly record struct EnvelopeMember(string Queue, int Content, long Id, long AtMs, long DueMs);
