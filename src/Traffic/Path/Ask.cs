using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>What routes are asked about: a request's head, with its path decoded.</summary>
internal readonly ref struct Ask
{
    public Ask(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> path)
    {
        Request = request;
        Head = head;
        Path = path;
        Method = request.Method.Of(head);
        // A preflight asks for the route that the method it names would take.
        if (Method.SequenceEqual("OPTIONS"u8) && request.Only(head, "access-control-request-method"u8, out var wanted)) Preflight = wanted.Of(head);
    }

    public RequestHead Request { get; }

    public ReadOnlySpan<byte> Head { get; }

    public ReadOnlySpan<byte> Path { get; }

    public ReadOnlySpan<byte> Method { get; }

    /// <summary>The method that a CORS preflight asks for; empty for every other request.</summary>
    public ReadOnlySpan<byte> Preflight { get; }

    public ReadOnlySpan<byte> Query => Request.Target.Length > Request.Path.Length
        ? Head.Slice(Request.Target.Start + Request.Path.Length + 1, Request.Target.Length - Request.Path.Length - 1)
        : default;

    /// <summary>Writes the host in lower case, without port and final dot. Returns its length.</summary>
    public int HostInto(Span<byte> into)
    {
        var host = Request.Host.Of(Head);
        var colon = host.LastIndexOf((byte)':');
        if (colon >= 0 && host[^1] != ']') host = host[..colon];
        if (host.Length > 1 && host[^1] == '.') host = host[..^1];
        Ascii.ToLower(host, into, out var written);
        return written;
    }
}
