using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Api.Registry;

/// <summary>Has the addresses of services that others run checked, and writes down what the checks say when that changes. While none is declared it does nothing.</summary>
sealed class ExternalHouse(ServerServices services, Mirror mirror)
{
    const int Tries = 16;
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly HashSet<string> news = new(StringComparer.Ordinal);
    readonly Signal touched = new();

    /// <summary>What a host name stands for. Default: as the system knows it.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    public async Task RunAsync(CancellationToken stop)
    {
        await using var checks = new ExternalChecks(services.Time, Resolve) { OnNews = Note };
        var follow = true;
        var (_, subscription) = mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((before ?? after) is Registration || IsOther(before as Service, after as Service))
            {
                Volatile.Write(ref follow, true);
                touched.Set();
            }
        });
        using (subscription)
        {
            while (true)
            {
                if (Interlocked.Exchange(ref follow, false))
                {
                    var known = mirror.Read(seen => seen.All<Vitals>().ToDictionary(v => v.Name, v => v.Items, StringComparer.Ordinal));
                    checks.Follow(mirror.Read(Targets), service => known.GetValueOrDefault(service) ?? []);
                }

                if (!await WriteAsync(checks, stop))
                {
                    await Task.Delay(Retry, services.Time, stop);
                    continue;
                }

                await touched.WaitAsync(stop);
            }
        }
    }

    /// <summary>What is to be checked.</summary>
    static ExternalTarget[] Targets(Snapshot seen) =>
    [
        .. seen.All<Service>().Where(s => s is { Spec.External: not null, Removed: false })
            .SelectMany(s => External.Members(s, seen.Group<Registration>(s.Name)).Select(m => new ExternalTarget(s.Name, m.Id, m.Given, s.Spec.Health))),
    ];

    // The status of a service changes often, and means nothing here.
    static bool IsOther(Service? before, Service? after) =>
        (before?.Spec.External is not null || after?.Spec.External is not null)
        && (before is null || after is null || before.Removed != after.Removed || !Codec.Same(before.Spec.External, after.Spec.External) || before.Spec.Health != after.Spec.Health);

    void Note(string service)
    {
        lock (gate)
        {
            news.Add(service);
        }

        touched.Set();
    }

    async Task<bool> WriteAsync(ExternalChecks checks, CancellationToken stop)
    {
        string[] open;
        lock (gate)
        {
            open = [.. news];
            news.Clear();
        }

        foreach (var (index, service) in open.Index())
        {
            try
            {
                await WriteAsync(service, checks.Of(service), stop);
            }
            catch (StoreUnavailableException unavailable)
            {
                services.OnFault?.Invoke("registry", unavailable);
                lock (gate)
                {
                    news.UnionWith(open[index..]);
                }

                return false;
            }
        }

        return true;
    }

    // Only beside its service: what was declared no longer leaves nothing behind.
    async Task WriteAsync(string name, IReadOnlyList<Vital> items, CancellationToken stop)
    {
        var (of, kind) = (services.Kinds.Of<Service>(), services.Kinds.Of<Vitals>());
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await services.Store.GetAsync(of.KeyOf(name), stop) is not { } entry || of.Decode(entry) is not { Removed: false, Spec.External: not null })
            {
                return;
            }

            var known = await services.Store.GetAsync(kind.KeyOf(name), stop) is { } found ? kind.Decode(found) : null;
            if (known is not null && known.Items.SequenceEqual(items))
            {
                return;
            }

            var next = new Vitals { Name = name, Items = items };
            var commit = new Commit([new(of.KeyOf(name), entry.ModRevision), new(kind.KeyOf(name), known?.Revision ?? 0)], [new(kind.KeyOf(name), Codec.Encode(next))]);
            if ((await services.Store.CommitAsync(commit, stop)).Succeeded)
            {
                return;
            }
        }

        Note(name);
    }
}
