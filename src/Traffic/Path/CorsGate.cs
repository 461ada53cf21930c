using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Cross-origin requests (the Fetch standard's CORS protocol): answers preflights itself, and gives other responses the headers that let a page read them. What an
/// endpoint says about CORS is taken away, so that there is one voice.
/// </summary>
internal sealed class CorsGate : Gate, IAnswer
{
    /// <summary>What of an endpoint's response is replaced.</summary>
    public static readonly string[] OwnHeaders =
    [
        "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Max-Age",
    ];

    private const int MostOrigin = 512;
    private readonly bool anyOrigin;
    private readonly bool anyHeader;
    private readonly byte[][] origins;
    private readonly (byte[] Start, byte[] End)[] wildcards;
    private readonly string[] methods;
    private readonly string[] headers;
    private readonly byte[] actualLines;
    private readonly byte[] preflightLines;

    public CorsGate(CorsSpec spec, RouteMatch match)
        : base("cors")
    {
        anyOrigin = spec.Origins.Contains("*");
        anyHeader = spec.Headers.Contains("*");
        origins = [.. spec.Origins.Where(origin => !origin.Contains('*')).Select(origin => Encoding.ASCII.GetBytes(origin.ToLowerInvariant()))];
        wildcards = [.. spec.Origins.Where(origin => origin.Contains("://*.", StringComparison.Ordinal)).Select(origin => origin.ToLowerInvariant().Split('*'))
            .Select(parts => (Encoding.ASCII.GetBytes(parts[0]), Encoding.ASCII.GetBytes(parts[1])))];
        methods = [.. spec.Methods.Count > 0 ? spec.Methods : match.Methods.Count > 0 ? match.Methods : ["GET", "HEAD", "POST"]];
        headers = [.. spec.Headers];
        var credentials = spec.Credentials ? "Access-Control-Allow-Credentials: true\r\n" : "";
        var expose = spec.Expose.Count > 0 ? $"Access-Control-Expose-Headers: {string.Join(", ", spec.Expose)}\r\n" : "";
        actualLines = Encoding.ASCII.GetBytes(credentials + expose);
        preflightLines = Encoding.ASCII.GetBytes(
            $"{credentials}Access-Control-Allow-Methods: {string.Join(", ", methods)}\r\n" +
            $"Access-Control-Max-Age: {((long)spec.MaxAge.TotalSeconds).ToString(CultureInfo.InvariantCulture)}\r\n");
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var head = x.HeadBytes;
        // The answer depends on the origin, also for those who send none.
        if (!anyOrigin) x.Added.Add("Vary"u8, "Origin"u8);
        if (!x.Request.Only(head, "origin"u8, out var piece)) return Verdict.Pass;
        var origin = piece.Of(head);
        var isAllowed = Allows(origin);
        if (IsPreflight(x, out var method, out var wanted))
        {
            if (!isAllowed || !AllowsMethod(method) || !AllowsHeaders(wanted))
            {
                x.Reason = Reason.CorsNotAllowed;
                return Verdict.Refuse;
            }
            AddOrigin(x, origin);
            x.Added.AddLines(preflightLines);
            if (!wanted.IsEmpty) x.Added.Add("Access-Control-Allow-Headers"u8, wanted);
            x.Added.Add("Vary"u8, "Access-Control-Request-Method, Access-Control-Request-Headers"u8);
            x.Answer = this;
            return Verdict.Answer;
        }
        if (!isAllowed) return Verdict.Pass;
        AddOrigin(x, origin);
        x.Added.AddLines(actualLines);
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x)
    {
        if (!x.Request.Only(x.HeadBytes, "origin"u8, out var piece)) return new(Verdict.Pass, "no Origin: not a cross-origin request");
        var origin = piece.Of(x.HeadBytes);
        var name = Encoding.ASCII.GetString(origin);
        if (!IsPreflight(x, out var method, out var wanted)) return new(Verdict.Pass, Allows(origin) ? $"pages of {name} may read the response" : $"pages of {name} may not read the response");
        return !Allows(origin) ? Opinion.Refused(Reason.CorsNotAllowed, $"the origin {name} is not allowed")
            : !AllowsMethod(method) ? Opinion.Refused(Reason.CorsNotAllowed, $"the method {Encoding.ASCII.GetString(method)} is not allowed")
            : !AllowsHeaders(wanted) ? Opinion.Refused(Reason.CorsNotAllowed, $"one of the headers {Encoding.ASCII.GetString(wanted)} is not allowed")
            : new(Verdict.Answer, $"the preflight of {name} is answered", Status: 204);
    }

    public ValueTask<bool> SendAsync(Exchange x) => Relay.SendOwnAsync(x, 204, default, default);

    private static bool IsPreflight(Exchange x, out ReadOnlySpan<byte> method, out ReadOnlySpan<byte> wanted)
    {
        var head = x.HeadBytes;
        method = wanted = default;
        if (!x.Request.Method.Of(head).SequenceEqual("OPTIONS"u8) || !x.Request.Only(head, "access-control-request-method"u8, out var asked)) return false;
        method = asked.Of(head);
        if (x.Request.Only(head, "access-control-request-headers"u8, out var names)) wanted = names.Of(head);
        return true;
    }

    private void AddOrigin(Exchange x, ReadOnlySpan<byte> origin) =>
        x.Added.Add("Access-Control-Allow-Origin"u8, anyOrigin ? "*"u8 : origin);

    private bool Allows(ReadOnlySpan<byte> origin)
    {
        if (anyOrigin) return true;
        if (origin.Length > MostOrigin) return false;
        foreach (var one in origins)
        {
            if (Ascii.EqualsIgnoreCase(one, origin)) return true;
        }
        foreach (var (start, end) in wildcards)
        {
            if (origin.Length > start.Length + end.Length && Ascii.EqualsIgnoreCase(origin[..start.Length], start)
                && Ascii.EqualsIgnoreCase(origin[^end.Length..], end) && !origin[start.Length..^end.Length].ContainsAny("/@:"u8))
            {
                return true;
            }
        }
        return false;
    }

    private bool AllowsMethod(ReadOnlySpan<byte> method)
    {
        foreach (var one in methods)
        {
            if (Ascii.Equals(method, one)) return true;
        }
        return false;
    }

    private bool AllowsHeaders(ReadOnlySpan<byte> wanted)
    {
        if (wanted.Length > 2048) return false;
        if (anyHeader || wanted.IsEmpty) return true;
        foreach (var range in wanted.Split((byte)','))
        {
            var name = wanted[range].Trim(" \t"u8);
            var isKnown = name.IsEmpty;
            foreach (var one in headers) isKnown |= one.Length == name.Length && Ascii.EqualsIgnoreCase(name, one);
            if (!isKnown) return false;
        }
        return true;
    }
}
