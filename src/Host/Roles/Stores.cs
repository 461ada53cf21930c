using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Servers;
using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Mainstay.State.Etcd;
using Mainstay.State.Flows;
using Mainstay.State.Lead;
using Mainstay.State.Sqlite;

namespace Mainstay.Host.Roles;

/// <summary>Which store an address means: etcd, or one file on this machine.</summary>
static class Stores
{
    /// <summary>How long a server that says nothing still counts as leading: as short as etcd keeps leases.</summary>
    static readonly TimeSpan ServerSession = TimeSpan.FromSeconds(2);

    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(1);

    /// <summary>Of the password of a store's user, which is in no address.</summary>
    public const string PasswordVariable = "MAINSTAY_STORE_PASSWORD";

    /// <summary>Everything that is wrong with an address; nothing for a file.</summary>
    public static List<string> Problems(string? address)
    {
        List<string> problems = [];
        if (address is null)
            return problems;
        if (address.Contains("://", StringComparison.Ordinal))
            EtcdAddress.Read(address, Password, problems);
        else
            problems.Add($"'{address}' is no store; write etcd://HOST:PORT/PREFIX, or leave it out for the file in the data folder");
        return problems;
    }

    /// <summary>Opens the store; null is the file of the data folder.</summary>
    public static async Task<IStore> OpenAsync(string? address, DataLayout data, TimeProvider time, CancellationToken stop, Cluster.ClusterKeeper? cluster = null)
    {
        if (cluster is not null)
            return await cluster.OpenAsync(FileOf(null, data), ServerSession, stop);
        if (address is null || !EtcdAddress.Is(address))
            return SqliteStore.Open(new SqliteStoreOptions { Path = FileOf(address, data), Time = time });
        return await EtcdStore.OpenAsync(Etcd(address) with { Time = time, SessionTtl = ServerSession }, stop);
    }

    /// <summary>Waits until no other server leads on the same store; null for a file, which one server alone can open.</summary>
    public static async Task<Leader?> LeadAsync(IStore store, RoleArguments arguments, string name, Standby standby, Action<string> say, CancellationToken stop)
    {
        if (store is not EtcdStore shared)
            return null;
        var holder = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(arguments.Data.ReadToken())))[..16];
        using var asking = new HttpMessageInvoker(new ConnectFaults(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = AnswerWithin, ActivityHeadersPropagator = null }));
        var leader = await Leader.TakeAsync(
            shared,
            holder,
            $"{name} at {arguments.Listen}",
            arguments.Listen,
            async (other, url) =>
            {
                say($"the server of {other} leads; this one stands by and passes on to it");
                await standby.AskAsync(new Uri(url), stop);
            },
            stop,
            (url, until) => AnswersAsync(asking, url, until));
        await standby.DisposeAsync();
        say($"leads with epoch {leader.Epoch}");
        return leader;
    }

    // Whatever it says: it is there.
    static async Task<bool> AnswersAsync(HttpMessageInvoker asking, string url, CancellationToken stop)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(AnswerWithin);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(url), "/livez"));
            using var answer = await asking.SendAsync(request, late.Token);
            return true;
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException || (silent is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Makes a store of a snapshot where there is none.</summary>
    public static async Task FillAsync(string? address, DataLayout data, StoreSnapshot snapshot, CancellationToken stop)
    {
        if (address is null || !EtcdAddress.Is(address))
            SqliteStore.Fill(new SqliteStoreOptions { Path = FileOf(address, data) }, snapshot);
        else if (!await EtcdStore.FillAsync(Etcd(address), snapshot, stop))
            throw new StoreUnavailableException($"there is a store at {NameOf(address, data)} already; name another prefix");
    }

    /// <summary>Writes the runs of flows that lie with a store in etcd into a file, as a server alone has them; false where there are none.</summary>
    public static Task<bool> ExportFlowsAsync(string address, string file, CancellationToken stop) => SharedFlows.ExportAsync(Etcd(address), file, stop);

    /// <summary>The address without anything secret, for people.</summary>
    public static string NameOf(string? address, DataLayout data, Cluster.ClusterKeeper? cluster = null) => cluster is not null ? $"of the cluster, at {cluster.Name}" : address is not null && EtcdAddress.Is(address) ? Etcd(address).Name : FileOf(address, data);

    /// <summary>The file that an address means: itself, or the store of the data folder that it names; null is this one's.</summary>
    public static string FileOf(string? address, DataLayout data)
    {
        var path = address is null ? data.Root : Path.GetFullPath(address);
        return path.EndsWith(".db", StringComparison.Ordinal) ? path : Path.Combine(new DataLayout(path).Store, "mainstay.db");
    }

    static string? Password => Environment.GetEnvironmentVariable(PasswordVariable);

    static EtcdStoreOptions Etcd(string address)
    {
        List<string> problems = [];
        return EtcdAddress.Read(address, Password, problems) ?? throw new StoreUnavailableException(string.Join("; ", problems));
    }
}
