using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Progress;

/// <summary>Draws how far everything is: a line per service, its unfinished instances below it, and what helps below those that failed.</summary>
public static class ProgressTree
{
    /// <summary>The whole drawing, at most <paramref name="rows"/> lines: where there are more, instances go first, then services that stand as declared.</summary>
    /// <param name="status">How everything stands.</param>
    /// <param name="service">The one service to draw; null is all.</param>
    /// <param name="aids">For services that failed.</param>
    /// <param name="now">For the time each has been in its state.</param>
    /// <param name="rows">Rows of the terminal.</param>
    public static IReadOnlyList<(Tone Tone, string Text)> Lines(
        StatusView status, string? service, IReadOnlyDictionary<string, FailureAid> aids, DateTimeOffset now, int rows)
    {
        var services = Verdict.Waited(status, service);
        var names = services.Select(s => s.Name.Length).DefaultIfEmpty().Max();
        List<(Tone, string)> Draw(IEnumerable<ServiceView> drawn, bool instances) =>
            [.. drawn.SelectMany(s => Branch(s, names, instances, aids.GetValueOrDefault(s.Name), now))];

        var whole = Draw(services, instances: true);
        if (whole.Count <= rows)
        {
            return whole;
        }

        var slim = Draw(services, instances: false);
        if (slim.Count <= rows)
        {
            return slim;
        }

        var open = Draw(services.Where(s => !Verdict.IsThere(s)), instances: false);
        var kept = open.Take(Math.Max(0, rows - 1)).ToList();
        kept.Add((Tone.Dim, $"  {Quantities.Count(services.Count(Verdict.IsThere), "service")} of {services.Count} as declared; 'mainstay status' shows all"));
        return kept;
    }

    static IEnumerable<(Tone, string)> Branch(ServiceView service, int names, bool instances, FailureAid? aid, DateTimeOffset now)
    {
        var there = Verdict.IsThere(service);
        var elapsed = there ? "" : "  " + Quantities.Elapsed(now - service.Since);
        yield return (Verdict.ToneOf(service), $"{Mark(service, there)} {new Transition(service.Name, service).Text(names)}{elapsed}");
        foreach (var instance in instances && !there ? service.Instances.Where(i => i.State != InstanceState.Ready) : [])
        {
            yield return (Tone.Dim, $"    {Describe(instance)}");
        }

        foreach (var line in aid?.LastLines ?? [])
        {
            yield return (Tone.Dim, $"    | {line}");
        }

        if (aid is not null)
        {
            yield return (Tone.Strong, $"    > {aid.NextStep}");
        }
    }

    static string Mark(ServiceView service, bool there) => there ? "✓" : Verdict.IsBroken(service) ? "✗" : "·";

    static string Describe(InstanceView instance)
    {
        var pid = instance.Pid > 0 ? $"  pid {instance.Pid}" : "";
        var restarts = instance.Restarts > 0 ? $"  restarts {instance.Restarts}" : "";
        var why = instance.Message.Length > 0 ? $"  {TextWidth.Harmless(instance.Message)}" : instance.Reason.Length > 0 ? $"  {instance.Reason}" : "";
        return $"{instance.Id}  {instance.State}{pid}{restarts}{why}";
    }
}
