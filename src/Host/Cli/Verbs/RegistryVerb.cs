using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Client.Registry;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Api.Registry;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay registry</c>: what services there are and where; the addresses of those that others run, registered and taken back.</summary>
static class RegistryVerb
{
    static readonly string[] Actions = ["list", "get", "register", "deregister", "watch"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions, "list: every service; get: one with its instances; watch: one line for each change; register and deregister: an address of a service that others run.");
        var service = VerbKit.Optional("SERVICE", "The service; not with list.");
        var id = VerbKit.Optional("ID", "With register and deregister: tells the service's addresses apart.");
        var address = kit.Flags.Text("--address", "HOST:PORT", "With register: where it answers.");
        var version = kit.Flags.Text("--at-version", "VERSION", "With register: the version of what answers there.");
        var ttl = kit.Flags.Duration("--ttl", TimeSpan.Zero, "With register: how long it lasts without a renewal; 0s until it is taken back.");
        var label = kit.Flags.Texts("--label", "KEY=VALUE", "With register: what is to be known of it; may be repeated.");
        var hold = kit.Flags.Switch("--hold", "With register: stay, renew the lease, and take it back at the end.");
        return kit.Verb("registry", "See what services there are, in which versions and where; register addresses of services that others run.", [action, service, id, address, version, ttl, label, hold], (parsed, session, stop) =>
            (parsed.GetRequiredValue(action), parsed.GetValue(service), parsed.GetValue(id)) switch
            {
                ("list", null, null) => ListAsync(session, stop),
                ("list", _, _) => throw new CliError("list takes no service", "'mainstay registry get SERVICE' shows one", ExitCode.Invalid),
                ("get", { } name, null) => GetAsync(name, session, stop),
                ("watch", var name, null) => WatchAsync(name, session, stop),
                ("register", { } name, { } which) => RegisterAsync(name, which, Ask(parsed.GetValue(address), parsed.GetValue(version), parsed.GetValue(ttl), parsed.GetValue(label) ?? []), parsed.GetValue(hold), session, stop),
                ("deregister", { } name, { } which) => DeregisterAsync(name, which, session, stop),
                ("register" or "deregister", _, _) => throw new CliError("a service and an id are wanted", "write mainstay registry register SERVICE ID --address HOST:PORT", ExitCode.Invalid),
                (var word, null, _) => throw new CliError($"{word} takes a service", "'mainstay registry list' shows them", ExitCode.Invalid),
                (var word, _, _) => throw new CliError($"{word} takes no id", $"write mainstay registry {word} SERVICE", ExitCode.Invalid),
            });
    }

    static RegistrationAsk Ask(string? address, string? version, TimeSpan ttl, string[] labels)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            pairs[label.Split('=', 2) is [{ Length: > 0 } key, _] ? key : throw new CliError($"'{label}' is no label", "write --label KEY=VALUE", ExitCode.Invalid)] = label.Split('=', 2)[1];
        }

        return new()
        {
            Address = address ?? throw new CliError("the address is missing", "give it with --address HOST:PORT", ExitCode.Invalid),
            Version = version, Ttl = ttl == TimeSpan.Zero ? null : ttl, Labels = pairs.Count > 0 ? pairs : null,
        };
    }

    static async Task<int> ListAsync(Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync("registry", stop);
        session.Screen.Write(json, () =>
        {
            var services = ApiClient.As<RegistryView>(json).Items;
            if (services.Count == 0)
            {
                session.Screen.Line("no services are declared");
                return;
            }

            var table = new TextTable("SERVICE", "BY", "STATE", "READY", "VERSIONS", "WHERE");
            foreach (var one in services)
            {
                table.Add(one.Name, one.By, session.Screen.Paint(Tone(one), one.State.ToString()), Ready(one), Versions(one), Where(one));
            }

            table.Write(session.Screen);
        });
        return ExitCode.Ok;
    }

    static async Task<int> GetAsync(string name, Session session, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"registry/{Uri.EscapeDataString(name)}", stop);
        session.Screen.Write(json, () =>
        {
            var one = ApiClient.As<RegisteredService>(json);
            session.Screen.Line($"{one.Name}: {one.By}, {one.Criticality.ToString().ToLowerInvariant()}, {one.State}, {Ready(one)} ready");
            if (one.Message.Length > 0)
            {
                session.Screen.Line($"{one.Reason}: {TextWidth.Harmless(one.Message)}");
            }

            if (one.Instances.Count == 0)
            {
                return;
            }

            var table = new TextTable("NAME", "ADDRESS", "VERSION", "STATE", "IN TABLE", "HOST", "SINCE", "SOURCE", "MESSAGE");
            foreach (var instance in one.Instances)
            {
                table.Add(
                    instance.Name, Text(instance.Address), Text(instance.Version), instance.State, instance.InTable ? "yes" : "no", Text(instance.Host is null ? "" : instance.Zone is null ? instance.Host : $"{instance.Host} ({instance.Zone})"),
                    instance.Since is { } since ? Quantities.When(since, session.Time) : "-", Source(instance), Text(TextWidth.Harmless(instance.Message)));
            }

            table.Write(session.Screen);
        });
        return ExitCode.Ok;
    }

    static async Task<int> WatchAsync(string? name, Session session, CancellationToken stop)
    {
        var events = new ServerEvents(session.Client, name is null ? "registry?watch=true" : $"registry/{Uri.EscapeDataString(name)}?watch=true");
        await foreach (var update in events.ReadAsync(stop))
        {
            switch (update.Type)
            {
                case "list":
                    foreach (var one in ApiClient.As<RegistryView>(update.Data).Items)
                    {
                        Say(session, one);
                    }

                    break;
                case "put":
                    Say(session, ApiClient.As<RegisteredService>(update.Data));
                    break;
                case "delete":
                    session.Screen.Line($"{Clock(session)}  {TextWidth.Harmless((string?)update.Data["name"] ?? "")}  gone");
                    break;
            }
        }

        return ExitCode.Ok;
    }

    static async Task<int> RegisterAsync(string service, string id, RegistrationAsk ask, bool hold, Session session, CancellationToken stop)
    {
        var path = $"registry/{Uri.EscapeDataString(service)}/{Uri.EscapeDataString(id)}";
        if (!hold)
        {
            var json = await session.Client.PutAsync(path, ask, stop);
            session.Screen.Write(json, () => session.Screen.Line($"{service}.{id} is registered at {ask.Address}{(ask.Ttl is { } ttl ? $" for {Durations.Format(ttl)} from its last renewal" : "")}; it is used once a check has passed"));
            return ExitCode.Ok;
        }

        using var client = new RegistryClient(ServerAddress.Find(session.Server, session.DataFolder), session.Environment.Handler(), session.Time, session.Token);
        try
        {
            await using var held = await client.RegisterAsync(service, id, ask.Address, new() { Version = ask.Version, Ttl = ask.Ttl ?? TimeSpan.FromSeconds(15), Labels = ask.Labels }, stop);
            session.Screen.Line($"{service}.{id} is registered at {ask.Address}, until this ends");
            await Task.Delay(Timeout.InfiniteTimeSpan, session.Time, stop);
        }
        catch (InvalidOperationException error)
        {
            throw new CliError($"it cannot be registered like this: {(string?)JsonNode.Parse(error.Message)?["detail"]}", (string?)JsonNode.Parse(error.Message)?["remedy"] ?? "follow the remedy", ExitCode.Failed);
        }
        catch (HttpRequestException)
        {
            throw ServerAddress.NoServer("the address of the registry");
        }

        return ExitCode.Ok;
    }

    static async Task<int> DeregisterAsync(string service, string id, Session session, CancellationToken stop)
    {
        var json = await session.Client.DeleteAsync($"registry/{Uri.EscapeDataString(service)}/{Uri.EscapeDataString(id)}", stop);
        session.Screen.Write(json, () => session.Screen.Line($"{service}.{id} at {ApiClient.As<Registration>(json).Address} is registered no longer"));
        return ExitCode.Ok;
    }

    static void Say(Session session, RegisteredService one) =>
        session.Screen.Line($"{Clock(session)}  {one.Name}  {one.State}  {Ready(one)}  {Versions(one)}  {Where(one)}{(one.Message.Length > 0 ? "  " + TextWidth.Harmless(one.Message) : "")}");

    static string Clock(Session session) => session.Time.GetUtcNow().UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    static Tone Tone(RegisteredService one) => one.State == Lifecycle.Failed ? Output.Tone.Bad : one.Ready >= one.Wanted ? Output.Tone.Good : Output.Tone.Busy;

    static string Ready(RegisteredService one) => string.Create(CultureInfo.InvariantCulture, $"{one.Ready}/{one.Wanted}");

    static string Versions(RegisteredService one) => Text(string.Join(", ", one.Versions.Select(v => v.Version.Length == 0 ? $"{v.Ready}/{v.Instances}" : $"{v.Version} {v.Ready}/{v.Instances}")));

    static string Where(RegisteredService one)
    {
        string[] hosts = [.. one.Instances.Select(i => i.Host ?? i.Address).Where(h => h.Length > 0).Distinct(StringComparer.Ordinal)];
        return Text(string.Join(", ", hosts.Take(4)) + (hosts.Length > 4 ? $" and {hosts.Length - 4} more" : ""));
    }

    static string Source(RegisteredInstance of) => of.Source is null ? "-" : of.RegisteredBy is { } by ? $"{of.Source} by {TextWidth.Harmless(by)}{(of.Ttl is { } ttl ? $", {Durations.Format(ttl)}" : "")}" : of.Source;

    static string Text(string text) => text.Length == 0 ? "-" : text;
}
