using System.CommandLine;
using System.Globalization;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Observe.Query;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay top</c>: hosts, instances and middleware with what they use; operations, services, callers and statements with what they take. The most first.</summary>
static class TopVerb
{
    static readonly string[] Subjects = ["hosts", "instances", "middleware"];

    public static Command Build(VerbKit kit)
    {
        var lists = new TopLists(kit);
        var subject = VerbKit.Optional("WHAT", "hosts, instances or middleware: what they use; operations, services, callers or statements: how often and how long; paths: which API runs which statement. Default: instances.");
        subject.CompletionSources.Add([.. Subjects, .. TopLists.Subjects]);
        return kit.Verb("top", "Show what uses most, is called most, is slowest, or takes the most time altogether.", [subject, .. lists.Flags], async (parsed, session, stop) =>
        {
            var what = parsed.GetValue(subject) ?? "instances";
            if (TopLists.Subjects.Contains(what))
            {
                await lists.ShowAsync(what, parsed, session, stop);
                return ExitCode.Ok;
            }

            if (!Subjects.Contains(what))
            {
                throw new CliError($"'{what}' is not something that top shows", $"write one of {string.Join(", ", Subjects)}, {string.Join(", ", TopLists.Subjects)}", ExitCode.Invalid);
            }

            var json = await session.Client.GetAsync("runtime", stop);
            var view = ApiClient.As<RuntimeView>(json);
            session.Screen.Write(json[what], () => (what == "hosts" ? Hosts(view) : what == "instances" ? Instances(view) : Middleware(view)).Write(session.Screen));
            return ExitCode.Ok;
        });
    }

    static TextTable Hosts(RuntimeView view)
    {
        var table = new TextTable("HOST", "CPU", "OF", "STEAL", "IOWAIT", "LOAD", "MEMORY", "OF", "DISK", "NETIN", "NETOUT", "PRESSURE") { RightAligned = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] };
        foreach (var host in view.Hosts.OrderByDescending(h => h.Cpu ?? 0).ThenBy(h => h.Name, StringComparer.Ordinal))
        {
            table.Add(
                TextWidth.Harmless(host.Name), Share(host.Cpu), Number(host.Processors), Share(host.Steal), Share(host.IoWait), Number(host.Load, "0.00"),
                Bytes(host.MemoryTotal - host.MemoryAvailable), Bytes(host.MemoryTotal), Share(host.Disks.Max(d => d.Busy)),
                Bytes(host.Networks.Sum(n => n.Received)) + "/s", Bytes(host.Networks.Sum(n => n.Sent)) + "/s",
                Share(new[] { host.CpuPressure, host.MemoryPressure, host.IoPressure }.Max()));
        }

        return table;
    }

    static TextTable Instances(RuntimeView view)
    {
        var table = new TextTable("INSTANCE", "SERVICE", "HOST", "CPU", "MEMORY", "THREADS", "FILES", "HEAP", "GC", "PAUSED", "QUEUE", "UP", "RESTARTS") { RightAligned = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };
        foreach (var one in view.Instances.OrderByDescending(i => i.Cpu ?? 0).ThenBy(i => i.Name, StringComparer.Ordinal))
        {
            table.Add(
                TextWidth.Harmless(one.Name), TextWidth.Harmless(one.Service), TextWidth.Harmless(one.Host), Number(one.Cpu, "0.00"), Bytes(one.Memory), Number(one.Threads), Number(one.Files),
                Bytes(one.DotNet?.Heap), one.DotNet?.Collections is { } rate ? Quantities.PerSecond(rate) : "-", Share(one.DotNet?.Paused), Number(one.DotNet?.PoolQueue),
                one.Uptime is { } seconds ? Quantities.Age(TimeSpan.FromSeconds(seconds)) : "-", Number(one.Restarts));
        }

        return table;
    }

    static TextTable Middleware(RuntimeView view)
    {
        var table = new TextTable("NAME", "KIND", "TARGET", "STATE", "FIGURES");
        foreach (var one in view.Middleware)
        {
            table.Add(
                TextWidth.Harmless(one.Name), one.Kind, TextWidth.Harmless(one.Target), one.Up ? "up" : "down",
                one.Up ? string.Join("  ", one.Figures.Where(f => f.Value is not null).Select(f => $"{f.Name} {Figure(f)}")) : TextWidth.Harmless(one.Why));
        }

        return table;
    }

    static string Figure(KeyFigure figure) => figure.Unit switch
    {
        "By" => Bytes(figure.Value),
        "By/s" => Bytes(figure.Value) + "/s",
        "share" => Share(figure.Value),
        "/s" => Quantities.PerSecond(figure.Value ?? 0),
        "s" => Quantities.Milliseconds(figure.Value * 1000),
        _ => Number(figure.Value),
    };

    static string Share(double? share) => share is { } known ? Quantities.Percent(known) : "-";

    static string Number(double? value, string format = "0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    static string Bytes(double? bytes) => bytes switch
    {
        null => "-",
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes:0}B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0}Ki"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024):0}Mi"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0}Gi"),
    };
}
