using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Answers with a redirect.</summary>
internal sealed class RedirectGate(RedirectSpec spec, PathTemplate template, string route) : Gate("redirect"), IAnswer
{
    private readonly CompiledText to = CompiledText.Of(spec.To, template, route);
    private readonly bool keepsQuery = !spec.To.Contains('?', StringComparison.Ordinal) && !spec.To.Contains("{query}", StringComparison.Ordinal);
    private readonly int status = spec.Status;

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Answer, $"redirects with {status} to {spec.To}", Status: status);

    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<bool> SendAsync(Exchange x)
    {
        var buffer = Buffers.Rent(to.Room(x.Request) + x.Request.Target.Length + 64);
        try
        {
            return await Relay.SendOwnAsync(x, status, buffer.AsMemory(0, Write(x, buffer)), default);
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    private int Write(Exchange x, byte[] buffer)
    {
        var writer = new HeadWriter(buffer);
        writer.Add("Location: "u8);
        to.Write(ref writer, x, escapes: true);
        var query = PathPieces.Query(x.Request, x.HeadBytes);
        if (keepsQuery && !query.IsEmpty)
        {
            writer.Add("?"u8);
            writer.Add(query);
        }
        writer.Add("\r\n"u8);
        return writer.Length;
    }
}

/// <summary>Answers with what is declared.</summary>
internal sealed class RespondGate(RespondSpec spec) : Gate("respond"), IAnswer
{
    private readonly byte[] body = Encoding.UTF8.GetBytes(spec.Body);
    private readonly byte[] lines = Encoding.UTF8.GetBytes(
        (spec.Body.Length > 0 ? $"Content-Type: {spec.ContentType}\r\n" : "") +
        string.Concat((spec.Headers ?? new Dictionary<string, string>()).Select(header => $"{header.Key}: {header.Value}\r\n")));

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Answer = this;
        return Verdict.Answer;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Answer, $"answers with {spec.Status} and {body.Length} bytes", Status: spec.Status);

    public ValueTask<bool> SendAsync(Exchange x) => Relay.SendOwnAsync(x, spec.Status, lines, body);
}

/// <summary>Turns away bodies that are larger than the route takes: at once where their length is declared, else as soon as they are.</summary>
internal sealed class BodyLimitGate(long most, string name = "max-body") : Gate(name)
{
    public override Verdict Enter(Exchange x, int slot)
    {
        x.MaxBody = most;
        if (x.Request.ContentLength <= most && x.Body.Data <= most) return Verdict.Pass;
        x.Reason = Reason.BodyTooLarge;
        return Verdict.Refuse;
    }

    public override Opinion Peek(Exchange x) => x.Request.ContentLength > most
        ? Opinion.Refused(Reason.BodyTooLarge, $"the body has {x.Request.ContentLength} bytes, {most} are allowed")
        : new(Verdict.Pass, $"at most {most} bytes of body are allowed");
}
