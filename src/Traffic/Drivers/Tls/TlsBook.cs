using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>The TLS servers of a table, one for each set of terms; they live as long as some table has the same terms.</summary>
internal sealed class TlsBook
{
    private readonly Lock gate = new();
    private Dictionary<string, TlsServer> servers = [];
    private int isRefreshing;

    /// <summary>What is wrong with certificate files now.</summary>
    public IReadOnlyList<string> Problems
    {
        get { lock (gate) return [.. servers.Values.SelectMany(server => server.Problems).Distinct()]; }
    }

    /// <summary>How the certificates of all listeners stand, each file once.</summary>
    public IReadOnlyList<PolicyReport> Reports(DateTimeOffset now, NoticeBoard board)
    {
        lock (gate) return [.. servers.Values.SelectMany(server => server.Reports(now, board)).DistinctBy(report => report.Policy)];
    }

    /// <summary>Handshakes that failed since the start.</summary>
    public long Failures
    {
        get { lock (gate) return servers.Values.Sum(server => server.Failures); }
    }

    /// <summary>Gives each listener of a table its server and forgets those that no listener has.</summary>
    public void Assign(IEnumerable<ListenerTable> listeners)
    {
        lock (gate)
        {
            var before = servers;
            servers = [];
            foreach (var listener in listeners)
            {
                if (listener.Model.Tls is not { } terms) continue;
                var key = Codec.Text(terms);
                if (!servers.TryGetValue(key, out var server))
                {
                    server = before.TryGetValue(key, out var known) ? known : new TlsServer(terms);
                    servers[key] = server;
                }
                listener.Tls = server;
            }
        }
    }

    /// <summary>Has files that changed read, in the thread pool: the caller is the heartbeat.</summary>
    public void RefreshSoon()
    {
        TlsServer[] all;
        lock (gate) all = [.. servers.Values];
        if (all.Length == 0 || Interlocked.Exchange(ref isRefreshing, 1) != 0) return;
        ThreadPool.UnsafeQueueUserWorkItem(
            static work =>
            {
                try
                {
                    foreach (var server in work.all) server.Refresh();
                }
                finally
                {
                    Volatile.Write(ref work.book.isRefreshing, 0);
                }
            },
            (book: this, all),
            preferLocal: false);
    }
}
