using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Progress;

namespace Mainstay.Host.Cli.Output;

/// <summary>A status as people read it: the architecture in a line, a table of services, and below it what is to be said of those that do not serve.</summary>
public static class StatusText
{
    public static IEnumerable<(Tone Tone, string Text)> Lines(StatusView status, Session session, bool instances)
    {
        var now = session.Time.GetUtcNow();
        yield return (Tone.Strong, Title(status));
        if (status.Cluster is { } cluster)
        {
            yield return (Tone.Plain, $"cluster: {TextWidth.Harmless(cluster)}");
        }

        if (status.Services.Count == 0)
        {
            yield return (Tone.Plain, "no services: 'mainstay apply' declares some");
            yield break;
        }

        foreach (var line in Services(status, session, now).Lines(session.Screen))
        {
            yield return (Tone.Plain, line);
        }

        if (instances)
        {
            yield return (Tone.Plain, "");
            foreach (var line in Instances(status, session, now).Lines(session.Screen))
            {
                yield return (Tone.Plain, line);
            }
        }

        foreach (var service in status.Services.Where(s => !Verdict.IsThere(s) && s.Message.Length > 0))
        {
            yield return (Verdict.ToneOf(service), $"{service.Name}: {TextWidth.Harmless(service.Message)}");
            if (Verdict.IsBroken(service))
            {
                yield return (Tone.Plain, $"  {FailureAid.NextStepOf(service)}");
            }
        }

        foreach (var host in status.Hosts.Where(h => h.State == HostState.Lost))
        {
            yield return (Tone.Bad, $"host {host.Name} is lost: its agent does not report");
        }

        foreach (var line in MapText.Lines(status.Findings))
        {
            yield return line;
        }
    }

    static string Title(StatusView status)
    {
        var architecture = status.Architecture is { Version: > 0 } a
            ? $"{a.Title}{(a.Environment.Length > 0 ? $" ({a.Environment})" : "")}, version {a.Version}, {(a.Running ? "running" : "stopped")}"
            : "nothing is declared yet";
        return status.Gateway is { } gateway ? $"{architecture}, gateway {gateway.Listen} {gateway.State}" : architecture;
    }

    static TextTable Services(StatusView status, Session session, DateTimeOffset now)
    {
        var table = new TextTable("SERVICE", "VERSION", "CRITICALITY", "STATE", "READY", "REASON", "FOR");
        foreach (var service in status.Services)
        {
            table.Add(
                service.Name, service.Version is { Length: > 0 } version ? version : "-", service.Criticality.ToString().ToLowerInvariant(),
                session.Screen.Paint(Verdict.ToneOf(service), service.State.ToString()), $"{service.Ready}/{service.Wanted}", service.Reason,
                Quantities.Age(now - service.Since));
        }

        return table;
    }

    static TextTable Instances(StatusView status, Session session, DateTimeOffset now)
    {
        var table = new TextTable("INSTANCE", "STATE", "PID", "ENDPOINT", "VERSION", "RESTARTS", "UP", "REASON") { RightAligned = [2, 5] };
        foreach (var instance in status.Services.SelectMany(s => s.Instances))
        {
            table.Add(
                instance.Id, session.Screen.Paint(instance.State == InstanceState.Ready ? Tone.Good : Tone.Busy, instance.State.ToString()),
                instance.Pid > 0 ? instance.Pid.ToString(CultureInfo.InvariantCulture) : "-", instance.Endpoint is { Length: > 0 } endpoint ? endpoint : "-",
                instance.Version is { Length: > 0 } version ? version : "-", instance.Restarts.ToString(CultureInfo.InvariantCulture),
                instance.StartedAt is { } at ? Quantities.Age(now - at) : "-", instance.Reason);
        }

        return table;
    }
}
