using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Store;
using Mainstay.Host.Roles;
using Mainstay.State.Backup;
using Mainstay.State.Etcd;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay store</c>: a backup of everything that is declared, and a store made of one; from SQLite to etcd and back.</summary>
static class StoreVerb
{
    /// <summary>Revisions that a restored store leaves out: none that was given after the backup comes twice.</summary>
    const long Skip = 1_000_000;

    static readonly string[] Actions = ["backup", "restore", "migrate"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var first = VerbKit.Required("FILE|FROM", "With backup and restore the backup's file, with migrate the store that there is.");
        var second = VerbKit.Optional("TO", "With migrate and restore the store to be made: etcd://HOST:PORT/PREFIX, a data folder or a .db file. Default with restore: the data folder.");
        var from = kit.Flags.Text("--from", "STORE", "With backup: a store that no server has open, instead of the running server's.");
        var declared = kit.Flags.Switch("--declared", "With backup: only what is declared, without event streams, queues and flows.");
        return kit.Verb("store", "Back up everything that is declared, restore it, or move it between SQLite and etcd.", [action, first, second, from, declared], async (parsed, session, stop) =>
        {
            var (given, to) = (parsed.GetRequiredValue(first), parsed.GetValue(second));
            try
            {
                switch (parsed.GetRequiredValue(action))
                {
                    case "backup":
                        await BackupAsync(session, given, parsed.GetValue(from), parsed.GetValue(declared), stop);
                        break;
                    case "restore":
                        await RestoreAsync(session, given, to, stop);
                        break;
                    default:
                        await MigrateAsync(session, given, to ?? throw new CliError("the store to be made is missing", "write mainstay store migrate FROM TO", ExitCode.Invalid), stop);
                        break;
                }
            }
            catch (StoreUnavailableException unavailable)
            {
                var parts = unavailable.Message.Split("; ", 2);
                throw new CliError(parts[0], parts.Length > 1 ? parts[1] : "see 'mainstay doctor'");
            }

            return ExitCode.Ok;
        });
    }

    static async Task BackupAsync(Session session, string file, string? from, bool isDeclared, CancellationToken stop)
    {
        var making = file + ".new";
        BackupInfo? info = null;
        try
        {
            await using (var to = new FileStream(making, new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                if (from is null)
                    await session.Client.DownloadAsync($"store/backup{(isDeclared ? "?declared=true" : "")}", to, stop);
                else
                    await WriteAsync(session, from, to, stop);
                to.Flush(flushToDisk: true);
            }

            // What was sent is read back before it is called a backup.
            info = BackupFile.Read(making, out var wrong)?.Info ?? throw new CliError(wrong!, "try again");
            File.Move(making, file, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CliError($"{file} cannot be written: {failed.Message}", "make room, or name another file");
        }
        finally
        {
            File.Delete(making);
        }

        Tell(session, info, $"{file} has", Path.GetFullPath(file));
    }

    static async Task WriteAsync(Session session, string from, Stream to, CancellationToken stop)
    {
        var data = new DataLayout(session.DataFolder);
        await using var store = await OpenAsync(session, from, stop);
        await BackupFile.WriteAsync(await StoreSnapshot.TakeAsync(store, stop), Stores.NameOf(from, data), session.Time.GetUtcNow(), to, stop);
    }

    static async Task RestoreAsync(Session session, string file, string? to, CancellationToken stop)
    {
        var data = new DataLayout(session.DataFolder);
        Check(to);
        var (snapshot, info) = BackupFile.Read(file, out var wrong) ?? throw new CliError(wrong!, "use another backup; nothing was written");
        using var parts = new RestoredParts(Beside(to, data));
        parts.Extract(file, info.Parts);
        await Stores.FillAsync(to, data, snapshot.Begin(Skip, session.Time.GetUtcNow()), stop);
        parts.Keep();
        Tell(session, info, $"{Stores.NameOf(to, data)} begins with", Stores.NameOf(to, data));
    }

    static async Task MigrateAsync(Session session, string from, string to, CancellationToken stop)
    {
        var data = new DataLayout(session.DataFolder);
        Check(to);
        StoreSnapshot snapshot;
        await using (var store = await OpenAsync(session, from, stop))
            snapshot = await StoreSnapshot.TakeAsync(store, stop);
        using var parts = new RestoredParts(Beside(to, data));
        if (EtcdAddress.Is(from))
            await parts.MakeAsync("flows", file => Stores.ExportFlowsAsync(from, file, stop));
        await Stores.FillAsync(to, data, snapshot.Begin(1, session.Time.GetUtcNow()), stop);
        parts.Keep();
        var info = new BackupInfo(snapshot.Revision, snapshot.Entries.Count, snapshot.Entries.Sum(e => (long)e.Key.Length + e.Value.Length), Stores.NameOf(from, data), session.Time.GetUtcNow());
        Tell(session, info, $"{Stores.NameOf(to, data)} begins with", Stores.NameOf(to, data));
    }

    // Beside the store where that is a data folder; else of this machine.
    static DataLayout Beside(string? to, DataLayout data) =>
        to is null || to.Contains("://", StringComparison.Ordinal) || to.EndsWith(".db", StringComparison.Ordinal) ? data : new DataLayout(to);

    static async Task<IStore> OpenAsync(Session session, string from, CancellationToken stop)
    {
        Check(from);
        var data = new DataLayout(session.DataFolder);
        if (!from.Contains("://", StringComparison.Ordinal) && !File.Exists(Stores.FileOf(from, data)))
            throw new CliError($"there is no store at {Stores.FileOf(from, data)}", "name a data folder, a .db file or etcd://HOST:PORT/PREFIX");
        return await Stores.OpenAsync(from, data, session.Time, stop);
    }

    static void Check(string? address)
    {
        if (Stores.Problems(address) is [var problem, ..])
        {
            var parts = problem.Split("; ", 2);
            throw new CliError(parts[0], parts.Length > 1 ? parts[1] : "write etcd://HOST:PORT/PREFIX", ExitCode.Invalid);
        }
    }

    static void Tell(Session session, BackupInfo info, string what, string place) => session.Screen.Write(
        new JsonObject { ["place"] = place, ["revision"] = info.Revision, ["entries"] = info.Entries, ["bytes"] = info.Bytes, ["from"] = info.From, ["parts"] = new JsonObject([.. info.Parts.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)p.Bytes))]) },
        () => session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture, $"{what} revision {info.Revision} of {info.From}: {info.Entries} entries, {info.Bytes} bytes{string.Concat(info.Parts.Select(p => $", {p.Name} of {p.Bytes} bytes"))}")));
}
