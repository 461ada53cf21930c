using System.Text;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The head of a kept response: header lines as clients get them, and what the cache must know of them.</summary>
internal sealed class StoredHead
{
    private static readonly string[] NotKept = ["Content-Length", "Age", "X-Request-Id", "Proxy-Authentication-Info", "Cache-Status", "X-Mainstay-Admit"];
    private static readonly byte[][] NotKeptNames = [.. NotKept.Select(Encoding.ASCII.GetBytes)];

    // RFC 9110 §15.4.5: what a 304 has of them.
    private static readonly byte[][] NotModifiedNames = [.. new[] { "Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary" }.Select(Encoding.ASCII.GetBytes)];

    // RFC 9111 §3.2: what a 304 does not change about a response that is kept.
    private static readonly byte[][] NotUpdatedNames = [.. new[] { "Content-Encoding", "Content-Type", "Content-Range", "Set-Cookie" }.Select(Encoding.ASCII.GetBytes)];

    private StoredHead(int status, byte[] lines, ResponseFacts facts, byte[] tag, byte[][] vary, byte[] selecting)
    {
        (Status, Lines, Facts, Tag, Vary, Selecting) = (status, lines, facts, tag, vary, selecting);
        NotModifiedLines = Only(lines, NotModifiedNames);
        Changed = ValueOf(lines, "last-modified"u8).ToArray();
    }

    public int Status { get; }

    /// <summary>Whole lines, without length, age and what belongs to one hop or one request.</summary>
    public byte[] Lines { get; }

    /// <summary>Those of them that a 304 has.</summary>
    public byte[] NotModifiedLines { get; }

    public ResponseFacts Facts { get; }

    /// <summary>The value of ETag; empty where there is none.</summary>
    public byte[] Tag { get; }

    /// <summary>The value of Last-Modified; empty where there is none.</summary>
    public byte[] Changed { get; }

    /// <summary>There is something to ask the service by whether it still holds.</summary>
    public bool HasValidator => Tag.Length + Changed.Length > 0;

    /// <summary>The headers that the response depends on, in lower case.</summary>
    public byte[][] Vary { get; }

    /// <summary>What the request that caused it had of them.</summary>
    public byte[] Selecting { get; }

    /// <summary>Takes the head of a response that came.</summary>
    /// <param name="head">Its bytes.</param>
    /// <param name="response">The same, parsed.</param>
    /// <param name="facts">What is known of it.</param>
    /// <param name="edit">The route's changes; the lines that they add are each request's own.</param>
    /// <param name="stripsCookies">Whether its cookies are one client's alone.</param>
    /// <param name="vary">The headers that it depends on.</param>
    /// <param name="selecting">What the request had of them.</param>
    public static StoredHead Of(ReadOnlySpan<byte> head, ResponseHead response, in ResponseFacts facts, HeadEdit? edit, bool stripsCookies, byte[][] vary, byte[] selecting)
    {
        var buffer = new byte[response.Length + 32];
        var writer = new HeadWriter(buffer);
        HeadEdit.Copy(ref writer, head, response, edit, "transfer-encoding"u8);
        var lines = Without(buffer.AsSpan(0, writer.Length), facts.HasSetCookie && stripsCookies);
        // RFC 9110 §6.6.1: who keeps a response without a date gives it one.
        if (facts.DateMs is { } date && ValueOf(lines, "date"u8).IsEmpty) lines = [.. lines, .. Encoding.ASCII.GetBytes($"Date: {DateTimeOffset.FromUnixTimeMilliseconds(date):R}\r\n")];
        return new StoredHead(facts.Status, [.. lines, .. "Via: 1.1 mainstay\r\n"u8], facts, ValueOf(lines, "etag"u8).ToArray(), vary, selecting);
    }

    /// <summary>The head after a 304 said that the response still holds (RFC 9111 §4.3.4): its lines come in place of those with the same names.</summary>
    public StoredHead With(ReadOnlySpan<byte> head, ResponseHead response, in ResponseFacts facts, HeadEdit? edit)
    {
        var buffer = new byte[response.Length];
        var writer = new HeadWriter(buffer);
        HeadEdit.Copy(ref writer, head, response, edit, "transfer-encoding"u8);
        var news = Except(Without(buffer.AsSpan(0, writer.Length), withoutCookies: true), NotUpdatedNames);
        var merged = Facts;
        if (facts.Control.IsThere) merged.Control = facts.Control;
        merged.DateMs = facts.DateMs;
        if (facts.HasExpires) (merged.HasExpires, merged.ExpiresMs) = (true, facts.ExpiresMs);
        if (facts.LastModifiedMs is { } changed) merged.LastModifiedMs = changed;
        merged.Age = facts.Age;
        merged.HasTag |= facts.HasTag;
        var tag = ValueOf(news, "etag"u8);
        return new StoredHead(Status, [.. Except(Lines, NamesIn(news)), .. news], merged, tag.IsEmpty ? Tag : tag.ToArray(), Vary, Selecting);
    }

    private static byte[] Without(ReadOnlySpan<byte> lines, bool withoutCookies) =>
        Except(lines, withoutCookies ? [.. NotKeptNames, "Set-Cookie"u8.ToArray()] : NotKeptNames);

    private static byte[] Except(ReadOnlySpan<byte> lines, byte[][] names) => Pick(lines, names, take: false);

    private static byte[] Only(ReadOnlySpan<byte> lines, byte[][] names) => Pick(lines, names, take: true);

    private static byte[] Pick(ReadOnlySpan<byte> lines, byte[][] names, bool take)
    {
        var kept = new List<byte>(lines.Length);
        while (!lines.IsEmpty)
        {
            var line = lines[..(lines.IndexOf((byte)'\n') + 1)];
            lines = lines[line.Length..];
            if (IsAmong(line[..line.IndexOf((byte)':')], names) == take) kept.AddRange(line);
        }
        return [.. kept];
    }

    private static byte[][] NamesIn(ReadOnlySpan<byte> lines)
    {
        var names = new List<byte[]>();
        while (!lines.IsEmpty)
        {
            names.Add(lines[..lines.IndexOf((byte)':')].ToArray());
            lines = lines[(lines.IndexOf((byte)'\n') + 1)..];
        }
        return [.. names];
    }

    private static bool IsAmong(ReadOnlySpan<byte> name, byte[][] names)
    {
        foreach (var one in names)
        {
            if (one.Length == name.Length && Ascii.EqualsIgnoreCase(one, name)) return true;
        }
        return false;
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> name)
    {
        while (!lines.IsEmpty)
        {
            var line = lines[..lines.IndexOf((byte)'\n')];
            lines = lines[(line.Length + 1)..];
            var colon = line.IndexOf((byte)':');
            if (colon == name.Length && Ascii.EqualsIgnoreCase(line[..colon], name)) return line[(colon + 1)..].Trim(" \t\r"u8);
        }
        return default;
    }
}
