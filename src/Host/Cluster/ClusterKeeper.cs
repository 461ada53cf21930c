using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Roles;
using Mainstay.Host.Security;
using Mainstay.State.Backup;
using Mainstay.State.Cluster;
using Mainstay.State.Decide;
using Mainstay.State.Etcd;
using Mainstay.State.Sqlite;

namespace Mainstay.Host.Cluster;

/// <summary>How the cluster was when it was last looked at.</summary>
/// <param name="Members">With what each answered.</param>
/// <param name="Quorum">Whether they can decide anything.</param>
/// <param name="Since">Since when they cannot; null where they can.</param>
public sealed record ClusterState(IReadOnlyList<SeenMember> Members, Quorum Quorum, DateTimeOffset? Since);

/// <summary>
/// Keeps one server in a cluster: its member of etcd runs, is taken in, has a vote, and is known to the others by what it shows. It looks every two seconds, and does what
/// <see cref="MemberDecide"/> says.
/// </summary>
public sealed class ClusterKeeper : IAsyncDisposable
{
    static readonly TimeSpan Glance = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    readonly ClusterPlace place;
    readonly ClusterIdentity identity;
    readonly MemberProcess process;
    readonly EtcdMembers members;
    readonly ClusterDoor door;
    readonly FileStream held;
    readonly string recordFile;
    readonly TimeProvider time;
    readonly Action<string> say;
    readonly CancellationTokenSource ended = new();
    readonly CancellationTokenSource over = new();
    MemberRecord record;
    ClusterState state = new([], QuorumDecide.Judge([]), null);
    Task running = Task.CompletedTask;
    string? lastSaid;
    int failures;
    int losses;

    ClusterKeeper(ClusterPlace place, DataLayout data, FileStream held, MemberRecord record, TimeProvider time, Action<string> say)
    {
        (this.place, this.held, this.record, this.time, this.say) = (place, held, record, time, say);
        recordFile = RecordFile(data);
        identity = new ClusterIdentity(data.Etcd, place, time);
        process = new MemberProcess(data.Etcd, place, identity, data.LogOf("etcd"));
        members = new EtcdMembers(identity.Options());
        door = new ClusterDoor(place, identity, NodeAuthority.Open(data.Authority, time), () => Known, UseOnceAsync, time, say);
    }

    /// <summary>Of this server.</summary>
    public string Name => place.Name;

    /// <summary>Where others join.</summary>
    public Uri Door => place.Door;

    public ClusterState State => Volatile.Read(ref state);

    /// <summary>Why nothing can be written now; null where it can, as far as is known.</summary>
    public string? Outage => State is { Since: not null, Quorum.Why: { } why } ? why : null;

    /// <summary>Cancelled when this server is no longer one of the cluster's, or cannot be.</summary>
    public CancellationToken Over => over.Token;

    /// <summary>Why it is over.</summary>
    public string? Why { get; private set; }

    /// <summary>Whether the member's process ends with this; else it goes on, and is adopted by the next server of this folder.</summary>
    public bool StopsMember { get; set; }

    IReadOnlyList<ClusterMember> Known => Volatile.Read(ref record).Members;

    /// <summary>Joins where that was asked for and has not happened yet, and begins to keep the member.</summary>
    /// <exception cref="StoreUnavailableException">It cannot; why, and what to do.</exception>
    public static async Task<ClusterKeeper> StartAsync(ClusterPlace place, Uri? join, string? token, DataLayout data, TimeProvider time, Action<string> say, CancellationToken stop)
    {
        MemberProcess.Find();
        Directory.CreateDirectory(data.Etcd, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = Hold(data);
        try
        {
            var record = MemberRecord.Read(RecordFile(data));
            if (record is null && join is not null)
            {
                var at = await ClusterJoin.RunAsync(join, token, place.Name, data.Etcd, data.Authority, time, say, stop);
                record = new() { Name = place.Name, Peer = place.Peer, Stage = MemberStage.Joining, Members = [.. at.Select((client, i) => new ClusterMember(0, $"at {client.Authority}", new UriBuilder(client) { Port = client.Port + 1 }.Uri, client, false))] };
                record.Write(RecordFile(data));
            }

            record ??= new() { Name = place.Name, Peer = place.Peer, Stage = MemberStage.Founding, Founder = true };
            if (record.Name != place.Name || record.Peer != place.Peer)
                throw new StoreUnavailableException($"the data folder is of the server '{record.Name}' at {record.Peer.Authority}, and this one is '{place.Name}' at {place.Peer.Authority}; give --name and --cluster as before, or remove that server and join again");
            var keeper = new ClusterKeeper(place, data, held, record, time, say);
            if (keeper.process.Adopt())
                say($"etcd runs (pid {keeper.process.Pid}) and is adopted");
            await keeper.door.StartAsync(stop);
            keeper.running = Task.Run(() => keeper.RunAsync(keeper.ended.Token), CancellationToken.None);
            return keeper;
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens the store as soon as members answer; says what it waits for. What the founder had in a file before moves in first.</summary>
    /// <param name="file">The store of one server alone, where there is one.</param>
    /// <param name="session">See <see cref="EtcdStoreOptions.SessionTtl"/>.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="StoreUnavailableException">This server is not one of the cluster's.</exception>
    public async Task<EtcdStore> OpenAsync(string file, TimeSpan session, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        var options = identity.Options() with { Members = Endpoints, Outage = () => Outage, SessionTtl = session };
        string? said = null;
        try
        {
            while (true)
            {
                try
                {
                    if (record.Stage == MemberStage.In)
                    {
                        if (record.Founder && File.Exists(file))
                            await MoveInAsync(file, options, either.Token);
                        return await EtcdStore.OpenAsync(options, either.Token);
                    }
                }
                catch (StoreUnavailableException unavailable)
                {
                    if (said != unavailable.Message)
                        say(said = unavailable.Message);
                }

                await Task.Delay(Soon, time, either.Token);
            }
        }
        catch (OperationCanceledException) when (Why is not null)
        {
            throw new StoreUnavailableException(Why);
        }
    }

    /// <summary>32 bytes that the servers of the cluster share and nobody else has, by which the keys of secrets are given to each.</summary>
    public byte[] KeyOfSecrets() => identity.Authority.CodeOf("keys of secrets");

    /// <summary>A token with which one server joins.</summary>
    public string MakeToken(TimeSpan ttl) => ServerTokens.Make(identity.Authority, time.GetUtcNow() + ttl);

    /// <summary>Has the cluster forget a server's member; null, or why not, with what to do after a semicolon.</summary>
    /// <exception cref="StoreUnavailableException">The members did not do it; why.</exception>
    public async Task<string?> RemoveAsync(string name, CancellationToken stop)
    {
        var seen = await LookAsync(stop);
        if (QuorumDecide.WhyNotRemove(seen, name) is { } why)
            return why;
        var gone = seen.First(m => m.Member.Name == name || (m.Member.Name.Length == 0 && m.Member.Peer.Authority == name)).Member;
        // The member itself is asked last: it may end before it answers.
        await members.RemoveAsync([.. Clients(Known).OrderBy(u => u == gone.Client)], gone.Id, stop);
        say($"the server '{name}' with the member {gone.IdText} was removed");
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await running;
        await door.DisposeAsync();
        if (StopsMember || over.IsCancellationRequested)
            await process.StopAsync(time);
        members.Dispose();
        process.Dispose();
        ended.Dispose();
        over.Dispose();
        await held.DisposeAsync();
    }

    // Filled whole or not at all; what broke off between that and the renaming is found out the next time.
    async Task MoveInAsync(string file, EtcdStoreOptions options, CancellationToken stop)
    {
        StoreSnapshot snapshot;
        await using (var old = SqliteStore.Open(new SqliteStoreOptions { Path = file, Time = time }))
            snapshot = await StoreSnapshot.TakeAsync(old, stop);
        var moved = await EtcdStore.FillAsync(options, snapshot.Begin(1, time.GetUtcNow()), stop);
        File.Move(file, file + ".moved", overwrite: true);
        say(moved ? $"{file} moved into the cluster with {snapshot.Entries.Count} entries, and is {file}.moved now" : $"the cluster has a store already; {file} is {file}.moved now");
    }

    async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !over.IsCancellationRequested)
        {
            var wait = Soon;
            try
            {
                wait = await StepAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed) when (failed is StoreUnavailableException or IOException or UnauthorizedAccessException)
            {
                Say(failed.Message);
                wait = Glance;
            }

            // Awake when the process ends.
            var sleep = Task.Delay(wait, time, stop);
            await (process is { Runs: true, Exited: { } exited } ? Task.WhenAny(sleep, exited) : Task.WhenAny(sleep));
        }
    }

    async Task<TimeSpan> StepAsync(CancellationToken stop)
    {
        identity.Current();
        await ComeBackAsync(stop);
        var seen = await members.ListAsync(Voters(), stop);
        if (seen is not null)
            Remember(seen);
        var plan = MemberDecide.Next(new(place.Name, place.Peer, record.Stage, record.Id, process.HasData, process.Runs, record.Members.Count, seen));
        // An identity that could not be used would have to be removed again.
        if (plan.Act is MemberAct.Found or MemberAct.Start or MemberAct.Add)
            process.RequirePorts();
        switch (plan.Act)
        {
            case MemberAct.Found:
                process.PutAside();
                Say($"this server '{place.Name}' founds a cluster; its member of etcd is at {place.Client.Authority}");
                record.Write(recordFile);
                process.Start([(place.Name, place.Peer)], isNew: true);
                return Soon;
            case MemberAct.Start:
                process.Start([.. record.Members.Where(m => m.Peer != place.Peer).Select(m => (m.Name, m.Peer)), (place.Name, place.Peer)], isNew: record.Stage == MemberStage.Founding);
                return Soon;
            case MemberAct.Remove:
                Say(plan.Why);
                await members.RemoveAsync(Voters(), plan.Id, stop);
                Keep(record with { Stage = MemberStage.Joining, Id = 0 });
                return Soon;
            case MemberAct.Add:
                process.PutAside();
                var (id, all) = await members.AddAsync(Voters(), place.Peer, stop);
                // Before the process: the identity is known to be used before it is.
                Keep(record with { Stage = MemberStage.In, Id = id, Members = all });
                process.Start([.. all.Where(m => m.Id != id).Select(m => (m.Name, m.Peer)), (place.Name, place.Peer)], isNew: false);
                Say($"was taken in as {id:x}, and follows until it has caught up");
                return Soon;
            case MemberAct.Promote:
                await members.PromoteAsync(Voters(), plan.Id, stop);
                Say("has caught up and has a vote");
                return Soon;
            case MemberAct.Refuse:
                Why = plan.Why;
                Say(plan.Why);
                await over.CancelAsync();
                return Soon;
            case MemberAct.Wait:
                Say(plan.Why);
                break;
        }

        await LookAsync(stop);
        return State.Quorum.Holds ? Glance : Soon * 2;
    }

    // A process that ended starts again, at once the first time, then with a growing wait.
    async Task ComeBackAsync(CancellationToken stop)
    {
        if (process is { Runs: false, Exited: { IsCompleted: true } exited })
        {
            failures++;
            say($"etcd ended with {(await exited is { } code ? $"exit code {code}" : "an unknown exit code")}; starting it again");
            if (failures == 5)
                say("etcd keeps ending; see logs/roles/etcd.log in the data folder. Where its data is damaged and the other servers are well, move etcd/data away: it is then taken in anew");
            if (failures > 1)
                await Task.Delay(Backoff.After(failures - 1, Soon, LongestWait), time, stop);
        }
    }

    void Remember(IReadOnlyList<ClusterMember> seen)
    {
        var own = seen.FirstOrDefault(m => m.Peer == place.Peer);
        var founded = record.Stage == MemberStage.Founding && own is not null;
        if (founded || (record.Stage == MemberStage.In && !seen.SequenceEqual(record.Members)))
            Keep(record with { Stage = MemberStage.In, Id = founded ? own!.Id : record.Id, Members = seen });
    }

    void Keep(MemberRecord next)
    {
        next.Write(recordFile);
        Volatile.Write(ref record, next);
    }

    async Task<IReadOnlyList<SeenMember>> LookAsync(CancellationToken stop)
    {
        var seen = await Task.WhenAll(Known.Where(m => m.Id != 0).Select(async m => new SeenMember(m, m.Client is null ? null : await members.HealthAsync(m.Client, stop))));
        var quorum = QuorumDecide.Judge(seen);
        // Once is not enough: a member that is slow for a moment, or an election, is no outage.
        losses = quorum.Holds ? 0 : losses + 1;
        failures = quorum.Holds && seen.Any(m => m.Member.Id == record.Id && m.Health is not null) ? 0 : failures;
        DateTimeOffset? since = losses < 2 ? null : State.Since ?? time.GetUtcNow();
        if (since is not null != State.Since is not null)
            say(since is not null ? $"nothing can be written: {quorum.Why}" : "most members answer again, and writes go on");
        Volatile.Write(ref state, new(seen, quorum, since));
        return seen;
    }

    Task<bool> UseOnceAsync(string token, string by, TimeSpan keep, CancellationToken stop) => members.UseOnceAsync(Voters(), $"servers/token/{token}", by, keep, stop);

    // This one's own first, where it has a vote: the others may be far.
    List<Uri> Endpoints() => Voters() is { Count: > 0 } voters ? voters : [place.Client];

    List<Uri> Voters()
    {
        var voters = Known.Where(m => !m.IsLearner && (m.Peer != place.Peer || process.Runs)).ToList();
        if (voters.Count == 0 && process.Runs)
            return [place.Client];
        return Clients(voters);
    }

    List<Uri> Clients(IReadOnlyList<ClusterMember> of) => [.. of.OrderByDescending(m => m.Peer == place.Peer).Select(m => m.Client).OfType<Uri>()];

    static string RecordFile(DataLayout data) => Path.Combine(data.Etcd, "member.json");

    static FileStream Hold(DataLayout data)
    {
        try
        {
            return new FileStream(Path.Combine(data.Etcd, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StoreUnavailableException($"another server runs on {data.Root}; end it, or choose another folder with --data");
        }
    }

    void Say(string line)
    {
        if (line != lastSaid)
            say(lastSaid = line);
    }
}
