using System.Globalization;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.State;

/// <summary>Accepted requests for workers of a service that pull them: take, answer, give back, keep for longer.</summary>
public sealed class RequestPulls(ServerServices services, Mirror mirror, Func<IRequestLedger?> open)
{
    const int MostPulled = 100;
    const int MostSettled = 100;
    const int MostWait = 60;
    const int MostWaiting = 500;
    const int MostLines = 16 << 10;

    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan MostDelay = TimeSpan.FromHours(1);

    // Of the connection, not of the answer: what gives the answer writes them.
    static readonly string[] OfTheWire = ["connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "proxy-authenticate", "proxy-authorization"];

    int waiting;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/requests/{route}/pull", "Takes accepted requests of a route with 'pull', the oldest first; each belongs to the caller for its visibility.", PullAsync)
        {
            Query =
            [
                ("max", $"At most so many, and 8 MiB together. Default 1; 1 to {MostPulled}."),
                ("wait", $"Seconds to wait for the first. Default 0; 0 to {MostWait}."),
                ("visibility", "Seconds for which they belong to the caller. Default: what 'pull' of the route says; 1 to 43200."),
            ],
            Answer = typeof(PulledRequests),
        },
        new("POST", "/api/v1/requests/{route}/settle", "Answers pulled requests, gives them back, or keeps them for longer.", SettleAsync) { Body = typeof(SettleRequests), BodyBytes = 32 << 20, Answer = typeof(SettledRequests) },
    ];

    async Task<Answer?> PullAsync(Call call)
    {
        var (most, wait, visibility) = (call.Number("max", 1, 1, MostPulled), call.Number("wait", 0, 0, MostWait), call.Number("visibility", 0, 1, (long)AsyncSpec.MostPulled.TotalSeconds));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var route = call.Path("route");
        if (TermsOf(route, out var refused) is not var (spec, repeats))
        {
            return refused;
        }

        if (wait > 0 && Interlocked.Increment(ref waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref waiting);
            return new ProblemAnswer(StatusCodes.Status429TooManyRequests, "too-many-waiting", $"{MostWaiting} workers wait already", "pull with fewer, and more at a time") { RetryAfter = 1 };
        }

        try
        {
            var hold = visibility == 0 ? spec.Pull!.Value : TimeSpan.FromSeconds(visibility);
            return Answer.Json(new PulledRequests(await TakeAsync(route, most, repeats, hold, TimeSpan.FromSeconds(wait), call.Stop)));
        }
        catch (StoreUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, "follow the message, then try again");
        }
        finally
        {
            if (wait > 0)
            {
                Interlocked.Decrement(ref waiting);
            }
        }
    }

    // Gateways are other processes, and what they accept is seen in the ledger: looking costs no wait for the disk.
    async Task<IReadOnlyList<PulledRequest>> TakeAsync(string route, int most, bool repeats, TimeSpan hold, TimeSpan wait, CancellationToken stop)
    {
        var began = services.Time.GetTimestamp();
        while (true)
        {
            // Whoever has left is given nothing.
            stop.ThrowIfCancellationRequested();
            var taken = open() is { } ledger ? await ledger.PullAsync(route, most, repeats, hold) : [];
            if (taken.Count > 0 || services.Time.GetElapsedTime(began) >= wait)
            {
                return [.. taken.Select(Show)];
            }

            await Task.Delay(Look, services.Time, stop);
        }
    }

    async Task<Answer?> SettleAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var route = call.Path("route");
        var (ask, malformed) = await Body.ReadAsync<SettleRequests>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (TermsOf(route, out var refused) is not var (spec, _))
        {
            return refused;
        }

        if (Wrong(ask) is { } problem)
        {
            return ProblemAnswer.BadRequest(problem, $"send 1 to {MostSettled} in all, statuses of 200 to 599, headers of at most {MostLines} bytes, waits up to {Durations.Format(MostDelay)}");
        }

        if (open() is not { } ledger)
        {
            return ProblemAnswer.Unavailable("no gateway of this machine remembers requests", "ask the server of the machine whose gateway accepted them");
        }

        try
        {
            return Answer.Json(await SettleAsync(ledger, route, spec, ask, call.Stop));
        }
        catch (StoreUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, "try again; what was settled stays settled");
        }
    }

    async Task<SettledRequests> SettleAsync(IRequestLedger ledger, string route, AsyncSpec spec, SettleRequests ask, CancellationToken stop)
    {
        var (count, gone) = (0, new List<string>());
        void Note(string id, bool isDone)
        {
            if (isDone)
            {
                count++;
            }
            else
            {
                gone.Add(id);
            }
        }

        foreach (var one in ask.Answers)
        {
            Note(one.Id, await EndAsync(ledger, route, one.Id, _ => new(one.Id, one.Attempt, RequestEnding.Answered) { Answer = AnswerOf(one, spec) }, stop));
        }

        foreach (var one in ask.Again)
        {
            Note(one.Id, await EndAsync(ledger, route, one.Id, seen => AgainOf(one, seen, spec), stop));
        }

        foreach (var one in ask.Extend)
        {
            Note(one.Id, await ledger.ExtendAsync(route, one.Id, one.Attempt, one.For ?? spec.Pull!.Value));
        }

        return new(count, gone);
    }

    // One of another route is nobody's here.
    static async Task<bool> EndAsync(IRequestLedger ledger, string route, string id, Func<ShownRequest, RequestEnd> end, CancellationToken stop) =>
        await ledger.FindAsync(id, stop) is { IsAccepted: true } seen && seen.Route == route && await ledger.EndAsync(end(seen));

    RequestEnd AgainOf(GiveBack one, ShownRequest seen, AsyncSpec spec)
    {
        var why = one.Why is { Length: > 0 } said ? said[..Math.Min(said.Length, 500)] : "its worker gave it back";
        if (services.Time.GetUtcNow() - seen.At >= spec.Within)
        {
            return new(one.Id, one.Attempt, RequestEnding.Failed) { Why = why };
        }

        var wait = TimeSpan.FromMilliseconds(Math.Min(60_000, spec.Backoff.TotalMilliseconds * Math.Pow(2, Math.Clamp(one.Attempt - 1, 0, 20))));
        return new(one.Id, one.Attempt, RequestEnding.Again) { After = one.After ?? wait, Why = why };
    }

    static KeptAnswer AnswerOf(GivenAnswer one, AsyncSpec spec)
    {
        var lines = Encoding.Latin1.GetBytes(string.Concat(one.Headers.Where(h => !OfTheWire.Contains(h.Key, StringComparer.OrdinalIgnoreCase)).Select(h => $"{h.Key}: {h.Value}\r\n")));
        var body = one.BodyBase64 is { } base64 ? Convert.FromBase64String(base64) : Encoding.UTF8.GetBytes(one.Body ?? "");
        return body.Length <= spec.MaxAnswer.Bytes ? new(one.Status, lines, body, IsWhole: true) : new(one.Status, lines, default, IsWhole: false);
    }

    static string? Wrong(SettleRequests ask)
    {
        var count = ask.Answers.Count + ask.Again.Count + ask.Extend.Count;
        return count is 0 or > MostSettled ? $"these are {count} requests"
            : ask.Answers.FirstOrDefault(a => a.Status is < 200 or > 599) is { } odd ? $"{odd.Status} is no status of an answer"
            : ask.Answers.FirstOrDefault(a => a.BodyBase64 is { } text && (a.Body is not null || !Convert.TryFromBase64String(text, new byte[text.Length], out _))) is { } unread ? $"the body of {Short(unread.Id)} is no base64, or there are two"
            : ask.Answers.FirstOrDefault(a => !AreHeaders(a.Headers)) is { } broken ? $"the headers of {Short(broken.Id)} are none, or too large"
            : ask.Again.Any(a => a.After is { } after && (after < TimeSpan.Zero || after > MostDelay)) ? "a wait is out of bounds"
            : ask.Extend.Any(e => e.For is { } time && (time < TimeSpan.FromSeconds(1) || time > AsyncSpec.MostPulled)) ? "a time to keep one is outside 1s to 12h"
            : null;
    }

    static bool AreHeaders(IReadOnlyDictionary<string, string> headers) =>
        headers.Sum(h => h.Key.Length + h.Value.Length + 4) <= MostLines
        && headers.All(h => h.Key.Length > 0 && h.Key.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)) && h.Value.All(c => c is '\t' or (>= ' ' and <= 'ÿ' and not '\x7f')));

    (AsyncSpec Spec, bool Repeats)? TermsOf(string route, out ProblemAnswer? refused)
    {
        refused = null;
        var (spec, repeats) = mirror.Read(seen => seen.Get<Route>(route) is { } found ? (found.Spec.Async, found.Spec.To is { } to && seen.Get<Service>(to)?.Spec.Traffic?.IdempotencyKeys == true) : (null, false));
        if (spec?.Pull is not null)
        {
            return (spec, repeats);
        }

        refused = spec is null
            ? ProblemAnswer.NotFound($"there is no route '{(route.Length > 63 ? route[..63] + "…" : route)}' that accepts requests for later", "declare it with 'async: { pull: 30s }', see 'mainstay get routes'")
            : ProblemAnswer.Conflict($"the requests of '{route}' are sent to its service", "declare 'pull' in its 'async', or let the service be sent them");
        return null;
    }

    // As a gateway wrote it down: a head in HTTP/1.0 and the body.
    static PulledRequest Show(TakenRequest taken)
    {
        var bytes = taken.Request.Span;
        var end = bytes.IndexOf("\r\n\r\n"u8);
        var lines = Encoding.Latin1.GetString(bytes[..end]).Split("\r\n");
        var words = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(l => l.Split(':', 2)).Select(h => new PulledHeader(h[0], h[1].Trim(' ', '\t'))).ToList();
        var body = bytes[(end + 4)..];
        var isText = System.Text.Unicode.Utf8.IsValid(body);
        return new(taken.Id, taken.Attempt, taken.At, words[0], words[1], headers.Find(h => h.Name.Equals("idempotency-key", StringComparison.OrdinalIgnoreCase))?.Value.Trim('"') ?? taken.Id, headers)
        {
            Body = isText && body.Length > 0 ? Encoding.UTF8.GetString(body) : null,
            BodyBase64 = isText ? null : Convert.ToBase64String(body),
        };
    }

    static string Short(string id) => id.Length > 40 ? id[..40] + "…" : id;
}

/// <param name="Requests">The oldest first.</param>
public sealed record PulledRequests(IReadOnlyList<PulledRequest> Requests);

/// <summary>An accepted request for a worker.</summary>
/// <param name="Id">Its id, by which it is settled.</param>
/// <param name="Attempt">Which attempt this is, from 1; it is settled by it, too.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Method">Its method.</param>
/// <param name="Target">Its path and query, as they came.</param>
/// <param name="Key">The client's Idempotency-Key, or its id: the same at each attempt.</param>
/// <param name="Headers">In their order.</param>
public sealed record PulledRequest(string Id, int Attempt, DateTimeOffset At, string Method, string Target, string Key, IReadOnlyList<PulledHeader> Headers)
{
    /// <summary>The body, where it is text in UTF-8 and not empty.</summary>
    public string? Body { get; init; }

    /// <summary>The body in base64, where it is no text.</summary>
    public string? BodyBase64 { get; init; }
}

/// <param name="Name">As it came.</param>
/// <param name="Value">Without the spaces around it.</param>
public sealed record PulledHeader(string Name, string Value);

/// <summary>What is to become of pulled requests.</summary>
public sealed record SettleRequests
{
    /// <summary>They are done; this is the service's answer.</summary>
    public IReadOnlyList<GivenAnswer> Answers { get; init; } = [];

    /// <summary>They are not done, and wait to be pulled again.</summary>
    public IReadOnlyList<GiveBack> Again { get; init; } = [];

    /// <summary>They take longer.</summary>
    public IReadOnlyList<KeepLonger> Extend { get; init; } = [];
}

/// <summary>An answer to a pulled request.</summary>
/// <param name="Id">Which request.</param>
/// <param name="Attempt">As it was pulled.</param>
public sealed record GivenAnswer(string Id, int Attempt)
{
    /// <summary>Default 200; 200 to 599.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Its header lines, at most 16 KiB.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Its body as text.</summary>
    public string? Body { get; init; }

    /// <summary>Its body in base64, instead of <see cref="Body"/>.</summary>
    public string? BodyBase64 { get; init; }
}

/// <param name="Id">Which request.</param>
/// <param name="Attempt">As it was pulled.</param>
/// <param name="After">The wait before it is pulled again; null for the route's growing one. Up to 1h.</param>
/// <param name="Why">For people; at most 500 characters are kept.</param>
public sealed record GiveBack(string Id, int Attempt, TimeSpan? After = null, string? Why = null);

/// <param name="Id">Which request.</param>
/// <param name="Attempt">As it was pulled.</param>
/// <param name="For">The time from now; null for what the route says. 1s to 12h.</param>
public sealed record KeepLonger(string Id, int Attempt, TimeSpan? For = null);

/// <param name="Count">Requests that were ended or prolonged.</param>
/// <param name="Gone">Ids of those that were not the caller's any more, or never.</param>
public sealed record SettledRequests(int Count, IReadOnlyList<string> Gone);
