using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Client.Locks;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Host.Api;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using LockForm = Mainstay.Client.Locks.LockForm;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay lock</c>: who holds what; run a command under a lock; take a lock away.</summary>
static class LockVerb
{
    static readonly string[] Actions = ["list", "show", "run", "break"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("LOCK", "The lock; not with list.");
        var command = new Argument<string[]>("COMMAND") { Description = "With run: the program and its arguments, after --. It finds the token in MAINSTAY_FENCING_TOKEN, its number in MAINSTAY_LOCK_TOKEN.", Arity = ArgumentArity.ZeroOrMore };
        var wait = kit.Flags.Duration("--wait", TimeSpan.FromMinutes(1), "With run: how long to wait for the lock; 0s only tries.");
        var lease = kit.Flags.Duration("--lease", TimeSpan.FromSeconds(15), "With run: how long the lock outlives the last sign of life; 1s to 1h.");
        var shared = kit.Flags.Switch("--shared", "With run: others may hold it shared too.");
        var permits = kit.Flags.Number("--permits", 0, 0, 1000, "With run: at most so many hold it at a time; 0 is a lock for one.");
        var reason = kit.Flags.Text("--reason", "TEXT", "With break: why, for the audit.");
        return kit.Verb("lock", "See who holds locks, run a command under one, take one away.", [action, subject, command, wait, lease, shared, permits, reason], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(subject) ?? throw new CliError("the lock is missing", $"write mainstay lock {word} NAME", ExitCode.Invalid);
            switch (word)
            {
                case "show":
                    await ShowAsync(session, name, stop);
                    return ExitCode.Ok;
                case "break":
                    var json = await session.Client.PostAsync($"locks/{Uri.EscapeDataString(name)}/break", new { reason = parsed.GetValue(reason) ?? "" }, stop);
                    session.Screen.Write(json, () => session.Screen.Line($"{name} is free; tokens up to {ApiClient.As<NamedLock>(json).Token.ToString(CultureInfo.InvariantCulture)} are stale, but for those of who waited"));
                    return ExitCode.Ok;
                default:
                    var options = new LockOptions
                    {
                        Form = parsed.GetValue(permits) > 0 ? LockForm.Permits : parsed.GetValue(shared) ? LockForm.Shared : LockForm.Exclusive,
                        Permits = Math.Max(1, parsed.GetValue(permits)),
                        Lease = parsed.GetValue(lease),
                    };
                    return await RunAsync(session, name, parsed.GetValue(command) ?? [], parsed.GetValue(wait), options, stop);
            }
        });
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("locks", stop);
        session.Screen.Write(page, () =>
        {
            NamedLock[] locks = [.. page["items"]!.AsArray().Select(i => ApiClient.As<NamedLock>(i!))];
            if (locks.Length == 0)
            {
                session.Screen.Line("nobody has asked for a lock yet");
                return;
            }

            var table = new TextTable("NAME", "HELD", "BY", "TOKEN", "SINCE");
            foreach (var one in locks)
            {
                var form = one.Form == Core.Kinds.State.LockForm.Permits ? $"{one.Holds.Count}/{one.Permits}" : one.Form.ToString().ToLowerInvariant();
                table.Add(
                    one.Name, one.Holds.Count == 0 ? "-" : form, one.Holds.Count == 0 ? "-" : TextWidth.Harmless(string.Join(", ", one.Holds.Select(h => h.Owner))),
                    one.Token.ToString(CultureInfo.InvariantCulture), one.Holds.Count == 0 ? "-" : Quantities.When(one.Holds[0].At, session.Time));
            }

            table.Write(session.Screen);
        });
    }

    static async Task ShowAsync(Session session, string name, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"locks/{Uri.EscapeDataString(name)}", stop);
        var line = ApiClient.As<LockLine>(await session.Client.GetAsync($"locks/{Uri.EscapeDataString(name)}/line", stop));
        json["waiting"] = new JsonArray([.. line.Waiting.Select(w => (JsonNode)new JsonObject { ["owner"] = w.Owner, ["form"] = w.Form.ToString().ToLowerInvariant() })]);
        session.Screen.Write(json, () =>
        {
            var one = ApiClient.As<NamedLock>(json);
            session.Screen.Line(one.Holds.Count == 0 ? $"{name} is free; its last grant was {one.Token}" : $"{name} is held {one.Form.ToString().ToLowerInvariant()}; its last grant was {one.Token}");
            var table = new TextTable("OWNER", "GRANT", "TIMES", "SINCE", "LEASE", "ABOUT");
            foreach (var hold in one.Holds)
            {
                table.Add(
                    TextWidth.Harmless(hold.Owner), hold.Token.ToString(CultureInfo.InvariantCulture), hold.Count.ToString(CultureInfo.InvariantCulture), Quantities.When(hold.At, session.Time),
                    $"{Durations.Format(TimeSpan.FromMilliseconds(Math.Max(0, line.LeftMs.GetValueOrDefault(hold.Owner))))} left", hold.About.Length > 0 ? TextWidth.Harmless(hold.About) : "-");
            }

            foreach (var (at, waiting) in line.Waiting.Index())
            {
                table.Add(TextWidth.Harmless(waiting.Owner), $"waits, {at + 1}.", "-", "-", "-", waiting.About.Length > 0 ? TextWidth.Harmless(waiting.About) : "-");
            }

            if (one.Holds.Count + line.Waiting.Count > 0)
            {
                table.Write(session.Screen);
            }
        });
    }

    static async Task<int> RunAsync(Session session, string name, string[] command, TimeSpan wait, LockOptions options, CancellationToken stop)
    {
        if (command.Length == 0)
        {
            throw new CliError("the command is missing", $"write mainstay lock run {name} -- COMMAND", ExitCode.Invalid);
        }

        using var locks = new LockSource(ServerAddress.Find(session.Server, session.DataFolder), null, session.Environment.Handler(), session.Time, session.Token);
        HeldLock? held;
        try
        {
            held = await locks.AcquireAsync(name, wait, options with { About = string.Join(' ', command) is var said && said.Length > 200 ? said[..200] : said }, stop);
        }
        catch (InvalidOperationException error)
        {
            throw new CliError($"the lock cannot be asked for like this: {error.Message}", "follow the remedy within", ExitCode.Invalid);
        }
        catch (HttpRequestException)
        {
            throw ServerAddress.NoServer("the address of the locks");
        }

        if (held is null)
        {
            throw new CliError($"{name} is held by others{(wait > TimeSpan.Zero ? $", still after {Durations.Format(wait)}" : "")}", $"see 'mainstay lock show {name}'; wait longer with --wait", ExitCode.TimedOut);
        }

        await using (held)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, held.Lost);
            var code = await session.Environment.Child(
                new(command, new Dictionary<string, string> { ["MAINSTAY_LOCK_TOKEN"] = held.Token.ToString(CultureInfo.InvariantCulture), ["MAINSTAY_FENCING_TOKEN"] = held.FencingToken }), session.Time, either.Token);
            return held.Lost.IsCancellationRequested && !stop.IsCancellationRequested
                ? throw new CliError($"{name} was lost while the command ran; it was ended", $"see 'mainstay events --about lock/{name}' for why")
                : code;
        }
    }
}
