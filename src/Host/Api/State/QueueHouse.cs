using System.Runtime.InteropServices;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Servers;
using Mainstay.Core.Store;
using Mainstay.Observe.Store.Metrics;
using Mainstay.State.Drivers;
using Mainstay.State.Queues;

namespace Mainstay.Host.Api.State;

/// <summary>
/// The queue engine of this server: opened when the first queue is declared, told of every change of what is declared, with a pusher for each queue that
/// has a service to send to, and its figures written as samples every ten seconds.
/// </summary>
public sealed class QueueHouse(ServerServices services, Mirror mirror, StreamHouse streams)
{
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    readonly Dictionary<string, (QueuePush Terms, CancellationTokenSource Stop, Task Running)> pushers = new(StringComparer.Ordinal);
    readonly Dictionary<string, (MessageQueueSpec Terms, CancellationTokenSource Stop, Task Running)> relays = new(StringComparer.Ordinal);
    readonly List<MetricSample> samples = [];
    readonly string?[] troubles = new string?[Enum.GetValues<QueueEngineKind>().Length];
    QueueEngines? engine;
    HttpMessageInvoker? client;

    /// <summary>The engines; null while no queue is declared.</summary>
    public IQueueEngine? Engine => Volatile.Read(ref engine);

    /// <summary>Copies the messages of the embedded engine to a file that is not there; false where no queue is declared for it.</summary>
    public async Task<bool> CopyAsync(string path, CancellationToken stop)
    {
        if (Volatile.Read(ref engine)?.Embedded is not { } open)
        {
            return troubles[(int)QueueEngineKind.Embedded] is not { } trouble || services.Data is null ? false : throw new StoreUnavailableException(trouble);
        }

        await open.CopyAsync(path, stop);
        return true;
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var changed = new SemaphoreSlim(0, 1);
        var (_, subscription) = mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((before ?? after) is Queue && changed.CurrentCount == 0)
            {
                changed.Release();
            }
        });
        var sampling = SampleAsync(stop);
        try
        {
            while (true)
            {
                var wait = await FollowAsync(stop) ? Timeout.InfiniteTimeSpan : Retry;
                await changed.WaitAsync(wait, stop);
            }
        }
        finally
        {
            subscription.Dispose();
            await Task.WhenAll([.. pushers.Keys.ToArray().Select(EndAsync), .. relays.Keys.ToArray().Select(EndRelayAsync)]);
            await sampling.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (engine is not null)
            {
                await engine.DisposeAsync();
            }

            client?.Dispose();
        }
    }

    /// <summary>Brings engine and pushers to what is declared; false where that is to be tried again.</summary>
    async Task<bool> FollowAsync(CancellationToken stop)
    {
        var declared = mirror.Read(seen => seen.All<Queue>().ToDictionary(q => q.Name, q => q.Spec, StringComparer.Ordinal));
        if (engine is null && declared.Count > 0)
        {
            Volatile.Write(ref engine, new(Open, kind => troubles[(int)kind]));
        }

        engine?.Declare(declared);
        foreach (var (name, pusher) in pushers.ToArray())
        {
            if (declared.GetValueOrDefault(name)?.Push != pusher.Terms)
            {
                await EndAsync(name);
            }
        }

        foreach (var (name, spec) in declared)
        {
            if (spec.Push is { } push && !pushers.ContainsKey(name))
            {
                Begin(name, push, stop);
            }
        }

        // Without a data folder there is nothing to come.
        return await FollowStreamsAsync(declared, stop) && (engine is not { IsIncomplete: true } || services.Data is null);
    }

    /// <summary>Brings what hands events of streams on to what is declared; false where that is to be tried again.</summary>
    async Task<bool> FollowStreamsAsync(Dictionary<string, MessageQueueSpec> declared, CancellationToken stop)
    {
        foreach (var (name, relay) in relays.ToArray())
        {
            if (declared.GetValueOrDefault(name) != relay.Terms)
            {
                await EndRelayAsync(name);
            }
        }

        var all = true;
        foreach (var (name, spec) in declared.Where(d => d.Value.Streams is { Count: > 0 } && !relays.ContainsKey(d.Key)))
        {
            if (engine is null || streams.Open() is not { } open)
            {
                all = false;
                continue;
            }

            var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            relays[name] = (spec, end, new StreamRelay(name, spec, open, engine, services.Time).RunAsync(end.Token));
        }

        return all || services.Data is null;
    }

    IQueueEngine? Open(QueueEngineKind kind)
    {
        if (services.Data is not { } data)
        {
            troubles[(int)kind] = "this server has no data folder to keep messages in";
            return null;
        }

        try
        {
            var opened = services.Queues.Open(kind, data, services.Time, why => services.OnFault?.Invoke("queues", new StoreUnavailableException(why)));
            troubles[(int)kind] = null;
            return opened;
        }
        catch (StoreUnavailableException unavailable)
        {
            if (troubles[(int)kind] != unavailable.Message)
            {
                services.OnFault?.Invoke("queues", unavailable);
            }

            troubles[(int)kind] = unavailable.Message;
            return null;
        }
    }

    void Begin(string queue, QueuePush push, CancellationToken stop)
    {
        if (engine is null)
        {
            return;
        }

        // The gateway balances, so its connections are kept as they are; each belongs to the one loopback port of the queue.
        client ??= new HttpMessageInvoker(new ConnectFaults(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }));
        var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var link = MeshLink.NameOf(queue, push.To);
        Uri? Address() => mirror.Read(seen => seen.Get<MeshLink>(link)) is { } way ? new Uri($"http://127.0.0.1:{way.Port}") : null;
        pushers[queue] = (push, end, new QueuePusher(queue, push, engine, Address, client, services.Time).RunAsync(end.Token));
    }

    async Task EndAsync(string queue)
    {
        if (pushers.Remove(queue, out var pusher))
        {
            await pusher.Stop.CancelAsync();
            await pusher.Running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            pusher.Stop.Dispose();
        }
    }

    async Task EndRelayAsync(string queue)
    {
        if (relays.Remove(queue, out var relay))
        {
            await relay.Stop.CancelAsync();
            await relay.Running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            relay.Stop.Dispose();
        }
    }

    async Task SampleAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, services.Time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            if (Engine is not { } open)
            {
                continue;
            }

            samples.Clear();
            var at = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var queue in open.Figures())
            {
                Add(queue, at);
            }

            services.Samples.Add(CollectionsMarshal.AsSpan(samples));
        }
    }

    void Add(QueueFigures queue, long at)
    {
        void Gauge(string name, string unit, double value, params (string, string)[] labels) =>
            samples.Add(new(new(name, unit, MetricKind.Gauge, [("queue", queue.Name), .. labels]), value, at));
        void Count(string how, long value) =>
            samples.Add(new(new("mainstay.queue.events", "{message}", MetricKind.Counter, ("queue", queue.Name), ("event", how)), value, at));
        Gauge("mainstay.queue.messages", "{message}", queue.Ready, ("state", "ready"));
        Gauge("mainstay.queue.messages", "{message}", queue.Waiting, ("state", "waiting"));
        Gauge("mainstay.queue.messages", "{message}", queue.InFlight, ("state", "inFlight"));
        Gauge("mainstay.queue.messages", "{message}", queue.Dead, ("state", "dead"));
        Gauge("mainstay.queue.bytes", "By", queue.Bytes);
        Gauge("mainstay.queue.oldest", "s", queue.Oldest.TotalSeconds);
        Count("published", queue.Published);
        Count("duplicate", queue.Duplicates);
        Count("refused", queue.Refused);
        Count("delivered", queue.Delivered);
        Count("acknowledged", queue.Acked);
        Count("retried", queue.Retried);
        Count("deadLettered", queue.DeadLettered);
        Count("expired", queue.Expired);
    }
}
