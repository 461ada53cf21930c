using System.Diagnostics;
using Google.Protobuf;
using Mainstay.Core.Store;

namespace Mainstay.State.Etcd;

/// <summary>
/// That this store is open, as a key on a lease of etcd's own: the time of a store's leases is kept by one open store each, and by another once that
/// one's session is over. Made when it is first needed.
/// </summary>
sealed class Session(EtcdStoreOptions options, EtcdClient client, EtcdLayout layout) : IAsyncDisposable
{
    readonly SemaphoreSlim changing = new(1, 1);
    readonly CancellationTokenSource ended = new();
    Task keeping = Task.CompletedTask;
    long id;
    long sureUntil;

    /// <summary>Of this store; 0 where it has none, or lost it.</summary>
    public long Id => Interlocked.Read(ref id);

    /// <summary>Whether nobody can have taken it for gone: etcd counts from when it heard of us, which was later than we spoke.</summary>
    public bool IsSure => Id != 0 && Stopwatch.GetTimestamp() < Interlocked.Read(ref sureUntil);

    /// <summary>Told when a session is over that had been held.</summary>
    public Action Lost { get; set; } = static () => { };

    /// <summary>Makes a session, or makes sure of the one there is.</summary>
    public async Task EnsureAsync(CancellationToken stop)
    {
        if (IsSure)
            return;
        await changing.WaitAsync(stop);
        try
        {
            if (IsSure || (Id != 0 && await RenewAsync(stop)))
                return;
            var began = Stopwatch.GetTimestamp();
            var granted = await client.GrantAsync(options.SessionTtl, stop);
            var (written, _) = await client.TransactAsync([], [EtcdClient.Put(layout.Session(granted), ByteString.Empty, granted)], stop);
            if (!written)
                throw new EtcdFault(EtcdCode.Unavailable, "the session could not be written");
            Sure(began);
            Interlocked.Exchange(ref id, granted);
            if (keeping.IsCompleted)
                keeping = KeepAsync();
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
        finally
        {
            changing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await keeping;
        if (Id is not 0 and var last)
        {
            try
            {
                await client.RevokeAsync(last, TimeSpan.FromSeconds(1), CancellationToken.None);
            }
            catch (EtcdFault)
            {
                // It ends by its time to live.
            }
        }

        ended.Dispose();
        changing.Dispose();
    }

    async Task KeepAsync()
    {
        try
        {
            while (Id != 0)
            {
                await Task.Delay(options.SessionTtl / 3, TimeProvider.System, ended.Token);
                await RenewOnceAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The store is closed.
        }
    }

    async Task RenewOnceAsync()
    {
        try
        {
            if (!await RenewAsync(ended.Token))
                Lost();
        }
        catch (EtcdFault)
        {
            // Nobody answers: it may be over, which the next answer tells.
        }
    }

    async Task<bool> RenewAsync(CancellationToken stop)
    {
        var (began, mine) = (Stopwatch.GetTimestamp(), Id);
        if (await client.KeepAliveAsync(mine, options.SessionTtl / 2, stop))
        {
            Sure(began);
            return true;
        }

        Interlocked.CompareExchange(ref id, 0, mine);
        return false;
    }

    void Sure(long began) => Interlocked.Exchange(ref sureUntil, began + (long)(options.SessionTtl.TotalSeconds * 0.9 * Stopwatch.Frequency));
}
