using Mainstay.Client.Ids;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;

namespace Mainstay.Host.Api;

/// <summary>Ids that grow with time and never come twice: leases for who makes them himself, and ids in batches for who only wants some.</summary>
public sealed class IdEndpoints(IStore store, KindRegistry kinds, TimeProvider time)
{
    const int Tries = 16;
    const int MostIds = 10_000;
    const int MostHolder = 200;

    readonly IdGenerator own = new(time);
    readonly Lock gate = new();
    Task<bool>? asked;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/ids/leases", "The right to make ids as one worker for 30 s; with worker, grant and atMs of the lease that is held, the same one longer, or another one where it has ended.", LeaseAsync) { Body = typeof(IdLeaseAsk), Answer = typeof(IdLease) },
        new("POST", "/api/v1/ids", "New ids, in ascending order.", MakeAsync)
        {
            Query = [("count", $"How many. Default 1; 1 to {MostIds}.")],
            Answer = typeof(MadeIds),
        },
    ];

    async Task<Answer?> LeaseAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<IdLeaseAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (ask.Holder.Length is 0 or > MostHolder)
        {
            return ProblemAnswer.BadRequest($"the holder has {ask.Holder.Length} characters", $"say in 1 to {MostHolder} who makes the ids");
        }

        return await GiveAsync(ask, call.Stop) is { } lease ? Answer.Json(lease) : AllTaken;
    }

    async Task<Answer?> MakeAsync(Call call)
    {
        var count = call.Number("count", 1, 1, MostIds);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var ids = new List<MadeId>(count);
        while (ids.Count < count)
        {
            switch (own.TryNext(out var id))
            {
                case IdGenerator.Outcome.Made:
                    ids.Add(new(IdShape.Format(id), id.ToString(System.Globalization.CultureInfo.InvariantCulture)));
                    break;
                case IdGenerator.Outcome.Later:
                    await Task.Delay(TimeSpan.FromMilliseconds(1), time, call.Stop);
                    break;
                default:
                    if (!await OwnLeaseAsync())
                    {
                        return AllTaken;
                    }

                    break;
            }
        }

        return Answer.Json(new MadeIds(ids));
    }

    static ProblemAnswer AllTaken => ProblemAnswer.Unavailable($"all {IdWorkers.Most} workers have a lease", $"try again: a lease that nobody renews ends after {IdWorkers.LeaseMs / 1000} s");

    // Whoever comes meanwhile waits for the same answer.
    Task<bool> OwnLeaseAsync()
    {
        lock (gate)
        {
            return asked is { IsCompleted: false } ? asked : asked = AskAsync();
        }
    }

    async Task<bool> AskAsync()
    {
        var askedAt = time.GetTimestamp();
        if (await GiveAsync(new() { Holder = "server", Worker = own.Lease?.Worker, Grant = own.Lease?.Grant, AtMs = own.NowMs }, CancellationToken.None) is not { } lease)
        {
            return false;
        }

        own.Use(lease, askedAt);
        return true;
    }

    async Task<IdLease?> GiveAsync(IdLeaseAsk ask, CancellationToken stop)
    {
        var kind = kinds.Of<IdWorker>();
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var nowMs = (long)(time.GetUtcNow() - IdShape.Epoch).TotalMilliseconds;
            var seen = (await store.RangeAsync(kind.Prefix, stop: stop)).Entries.Select(kind.Decode).ToDictionary(w => w.Number);
            var next = ask is { Worker: { } worker, Grant: { } grant } && seen.TryGetValue(worker, out var held) ? IdWorkers.Renew(held, grant, ask.AtMs, nowMs) : null;
            next ??= IdWorkers.Grant(seen, ask.Holder, nowMs);
            if (next is null)
            {
                return null;
            }

            var key = kind.KeyOf(next.Name);
            var result = await store.CommitAsync(new([new(key, next.Revision)], [new(key, Codec.Encode(next))]), stop);
            if (result.Succeeded)
            {
                return new(next.Number, next.Grant, next.FromMs, next.UntilMs, Math.Max(nowMs, next.FromMs));
            }
        }

        return null;
    }
}

/// <summary>Asks for a lease.</summary>
public sealed record IdLeaseAsk
{
    /// <summary>Who makes the ids, for people. 1 to 200 characters.</summary>
    public required string Holder { get; init; }

    /// <summary>The worker of the lease that is held; null where there is none.</summary>
    public int? Worker { get; init; }

    /// <summary>The grant of the lease that is held.</summary>
    public int? Grant { get; init; }

    /// <summary>Where the holder's clock stands, in milliseconds since 2025-01-01 UTC.</summary>
    public long AtMs { get; init; }
}

/// <summary>New ids.</summary>
public sealed record MadeIds(IReadOnlyList<MadeId> Ids);

/// <summary>An id.</summary>
/// <param name="Id">13 digits of Crockford's base 32.</param>
/// <param name="Number">The same as a decimal number; as text, since JavaScript's numbers are not exact beyond 2⁵³.</param>
public sealed record MadeId(string Id, string Number);
