using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Answers with files of a folder (RFC 9110 §13, §14). They are opened and read on the thread pool, one piece in hand at a time.</summary>
internal sealed class FilesGate : Gate, IAnswer
{
    private const int PieceBytes = 64 * 1024;
    private readonly FilesSpec spec;
    private readonly ServedFolder folder;
    private readonly int skipped;

    public FilesGate(FilesSpec spec, PathTemplate template)
        : base("files")
    {
        this.spec = spec;
        folder = new ServedFolder(spec.Root);
        // What the route's path says is not part of the name, unless it says all of it.
        skipped = template.TakesRest && template.Regex is null ? template.Segments.Count : 0;
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var method = x.Request.Method.Of(x.HeadBytes);
        if (x.Request.IsHead || method.SequenceEqual("GET"u8))
        {
            x.Answer = this;
            return Verdict.Answer;
        }
        x.Added.Add("Allow"u8, "GET, HEAD"u8);
        x.Reason = Reason.MethodNotAllowed;
        return Verdict.Refuse;
    }

    public override Opinion Peek(Exchange x) =>
        new(Verdict.Answer, $"the file '{FileNames.Of(PathPieces.Rest(x.Request.Path.Of(x.HeadBytes), skipped)) ?? "(none)"}' below {spec.Root}");

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<bool> SendAsync(Exchange x)
    {
        var name = FileNames.Of(PathPieces.Rest(x.Request.Path.Of(x.HeadBytes), skipped));
        await default(OnPool);
        var (file, served) = Open(name);
        if (file.Outcome == FileOutcome.Missing)
        {
            x.Reason = Reason.NoFile;
            return false;
        }
        if (file.Outcome == FileOutcome.Folder) return await Relay.SendOwnAsync(x, 308, Encoding.ASCII.GetBytes(FolderLocation(x)), default);
        using (file.Handle)
        {
            var (status, range, lines) = Decide(x, file, served);
            if (status != 200 && status != 206) return await Relay.SendOwnAsync(x, status, Encoding.UTF8.GetBytes(lines), default);
            return await SendFileAsync(x, file, status, range, Encoding.UTF8.GetBytes(lines));
        }
    }

    /// <summary>The file of a name, a folder's index, or the fallback. A folder that is asked for without its slash is a folder.</summary>
    private (ServedFile File, string Served) Open(string? name)
    {
        var file = new ServedFile(FileOutcome.Missing, null, 0, default);
        if (name is not null)
        {
            var served = name.Length == 0 || name.EndsWith('/') ? name + spec.Index : name;
            file = folder.Open(served);
            if (file.Outcome == FileOutcome.File || (file.Outcome == FileOutcome.Folder && served == name)) return (file, served);
        }
        if (spec.Fallback is not { } fallback) return (new ServedFile(FileOutcome.Missing, null, 0, default), "");
        file = folder.Open(fallback);
        return file.Outcome == FileOutcome.File ? (file, fallback) : (new ServedFile(FileOutcome.Missing, null, 0, default), "");
    }

    private static string FolderLocation(Exchange x)
    {
        // Relative links in a folder's index work only below its slash.
        var path = Encoding.ASCII.GetString(x.Request.Path.Of(x.HeadBytes)).TrimStart('/').Replace("\\", "%5C", StringComparison.Ordinal);
        var query = Encoding.ASCII.GetString(PathPieces.Query(x.Request, x.HeadBytes));
        return $"Location: /{path}/{(query.Length > 0 ? "?" + query : "")}\r\n";
    }

    private (int Status, ByteRange Range, string Lines) Decide(Exchange x, ServedFile file, string served)
    {
        var head = x.HeadBytes;
        var tag = $"\"{file.Size:x}-{file.Modified.UtcTicks:x}\"";
        var modified = new DateTimeOffset(file.Modified.UtcTicks - file.Modified.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
        var lines = $"ETag: {tag}\r\nLast-Modified: {modified:R}\r\nCache-Control: {spec.CacheControl}\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n";
        var whole = new ByteRange(0, file.Size, ByteRangeKind.Whole);
        var tagBytes = Encoding.ASCII.GetBytes(tag);

        // RFC 9110 §13.2.2: the tag is asked first, the date only without one.
        if (x.Request.Only(head, "if-none-match"u8, out var none))
        {
            if (FileNames.Names(none.Of(head), tagBytes)) return (304, whole, lines);
        }
        else if (x.Request.Only(head, "if-modified-since"u8, out var since) && DateOf(since.Of(head)) is { } date && modified <= date)
        {
            return (304, whole, lines);
        }

        lines += $"Content-Type: {FileNames.TypeOf(served)}\r\n";
        if (x.Request.IsHead || !x.Request.Only(head, "range"u8, out var asked)) return (200, whole, lines);
        // RFC 9110 §13.1.5: a part only of the file that the client has the rest of.
        if (x.Request.Only(head, "if-range"u8, out var condition) && !condition.Of(head).SequenceEqual(tagBytes) && DateOf(condition.Of(head)) != modified) return (200, whole, lines);
        var range = ByteRange.Of(asked.Of(head), file.Size);
        return range.Kind switch
        {
            ByteRangeKind.Outside => (416, range, $"Content-Range: bytes */{file.Size}\r\n"),
            ByteRangeKind.Part => (206, range, lines + $"Content-Range: bytes {range.From}-{range.From + range.Length - 1}/{file.Size}\r\n"),
            _ => (200, whole, lines),
        };
    }

    private static DateTimeOffset? DateOf(ReadOnlySpan<byte> text) =>
        DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(text), "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<bool> SendFileAsync(Exchange x, ServedFile file, int status, ByteRange range, byte[] lines)
    {
        // 1. The head, and as much of the file as fits behind it.
        var length = Relay.WriteOwnHead(x, status, lines, range.Length);
        var (from, left) = (range.From, x.Request.IsHead ? 0 : range.Length);
        x.Answered = true;
        var first = Math.Min(x.Output.Length - length, (int)Math.Min(left, int.MaxValue));
        var read = first == 0 ? 0 : ServedFolder.Read(file.Handle!, x.Output.AsSpan(length, first), from);
        if (await Relay.SendAsync(x, x.Output.AsMemory(0, length + read)) < 0) return Cut(x, Reason.ClientAborted);
        if (left > 0 && read == 0) return Cut(x, Reason.UpstreamAborted);
        (from, left) = (from + read, left - read);

        // 2. The rest, piece by piece: what the client does not take is not read.
        if (left == 0) return true;
        var buffer = Buffers.Rent(PieceBytes);
        try
        {
            while (left > 0)
            {
                await default(OnPool);
                read = ServedFolder.Read(file.Handle!, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), from);
                if (read == 0) return Cut(x, Reason.UpstreamAborted);
                if (await Relay.SendAsync(x, buffer.AsMemory(0, read)) < 0) return Cut(x, Reason.ClientAborted);
                (from, left) = (from + read, left - read);
            }
            return true;
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    private static bool Cut(Exchange x, Reason reason)
    {
        x.Reason = reason;
        return false;
    }
}
