using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay host</c>: the machines, how full they are, and what is wanted of them.</summary>
static class HostVerb
{
    static readonly string[] Actions = ["list", "cordon", "uncordon", "drain", "rm", "token"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions, "list: how full each is; cordon: takes nothing new; drain: what can run elsewhere is moved there; uncordon: takes instances again; rm: forgets one that is gone; token: makes a token with which a machine joins.");
        var name = VerbKit.Optional("HOST", "The host; not with list.");
        var ttl = kit.Flags.Duration("--ttl", TimeSpan.FromHours(1), "How long a token may be joined with.");
        var uses = kit.Flags.Number("--uses", 1, 1, 1000, "How many machines may join with a token.");
        return kit.Verb("host", "List hosts with what is free on them; cordon, drain or forget one; make a token with which a machine joins.", [action, name, ttl, uses], (parsed, session, stop) =>
            (parsed.GetRequiredValue(action), parsed.GetValue(name)) switch
            {
                ("list", null) => ListAsync(session, stop),
                ("token", null) => TokenAsync(parsed.GetValue(ttl), parsed.GetValue(uses), session, stop),
                ("token", _) => throw new CliError("token takes no host", "the machine that joins says its name with --name", ExitCode.Invalid),
                ("list", _) => throw new CliError("list takes no host", "'mainstay get host NAME' shows one", ExitCode.Invalid),
                (("cordon" or "uncordon" or "drain" or "rm") and var verb, { } host) => UseAsync(verb, host, session, stop),
                (var verb, _) => throw new CliError($"{verb} takes a host", "'mainstay host list' lists them", ExitCode.Invalid),
            });
    }

    static async Task<int> UseAsync(string verb, string host, Session session, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"hosts/{Uri.EscapeDataString(host)}/{(verb == "rm" ? "forget" : verb)}", null, stop);
        var used = ApiClient.As<HostUsed>(reply);
        session.Screen.Write(reply, () =>
        {
            session.Screen.Line(verb switch
            {
                "rm" => $"{host} is forgotten",
                "drain" => $"{host} takes nothing new, and what can run elsewhere is moved there",
                "cordon" => $"{host} keeps what it has and takes nothing new",
                _ => $"{host} takes instances",
            });
            foreach (var pet in used.Staying)
            {
                session.Screen.Line($"{TextWidth.Harmless(pet)} stays: its data is there");
            }
        });
        return ExitCode.Ok;
    }

    static async Task<int> TokenAsync(TimeSpan ttl, int uses, Session session, CancellationToken stop)
    {
        var json = await session.Client.PostAsync("join-tokens", new { ttl = Durations.Format(ttl), uses }, stop);
        var given = ApiClient.As<JoinTokenGiven>(json);
        session.Screen.Write(json, () =>
        {
            session.Screen.Line($"mainstay agent --join {given.Join} --token {given.Token} --name NAME");
            session.Screen.Line($"joins {(given.Uses == 1 ? "one machine" : $"{given.Uses} machines")}, until {given.Until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        });
        return ExitCode.Ok;
    }

    static async Task<int> ListAsync(Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync("headroom", stop);
        var rooms = ApiClient.As<HostRoom[]>(json);
        session.Screen.Write(json, () =>
        {
            var table = new TextTable("HOST", "STATE", "ZONE", "ADDRESS", "INSTANCES", "CPU", "MEMORY") { RightAligned = [4, 5, 6] };
            foreach (var (host, reserved, instances) in rooms)
            {
                table.Add(
                    host.Name,
                    host.State == HostState.Lost ? "Lost" : host.Use == HostUse.Open ? "Ready" : host.Use.ToString(),
                    host.Zone ?? "-",
                    host.Address,
                    instances.Count.ToString(CultureInfo.InvariantCulture),
                    $"{reserved.Cpu} of {host.Capacity?.Cpu?.ToString() ?? "?"}{Over(host.Capacity?.Cpu?.Hundredths, host.Machine?.Cpu?.Hundredths)}",
                    $"{Mebi(reserved.Memory)} of {Mebi(host.Capacity?.Memory)}{Over(host.Capacity?.Memory?.Bytes, host.Machine?.Memory?.Bytes)}");
            }

            table.Write(session.Screen);
        });
        return ExitCode.Ok;
    }

    // More is offered than there is: whoever allowed it sees it here.
    static string Over(long? offered, long? has) => offered > has && has > 0 ? $" (x{(double)offered / has:0.##} overcommitted)" : "";

    static string Mebi(ByteSize? size) => size is not { } known ? "?" : known.Bytes == 0 ? "0" : $"{known.Bytes >> 20}Mi";
}
