using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Progress;

/// <summary>What helps with a service that failed.</summary>
/// <param name="LastLines">The end of what it, or its build, wrote; safe to show in place.</param>
/// <param name="NextStep">An imperative clause.</param>
public sealed record FailureAid(IReadOnlyList<string> LastLines, string NextStep)
{
    const int Most = 8;

    /// <summary>Asks the server for the last lines of a service that failed. A server that cannot say gives none: the failure itself is known.</summary>
    public static async Task<FailureAid> OfAsync(ApiClient client, ServiceView service, CancellationToken stop)
    {
        try
        {
            return service.Reason == Reasons.BuildFailed
                ? await OfBuildAsync(client, service, stop)
                : new(await LinesAsync(client, service.Name, stop), NextStepOf(service));
        }
        catch (CliError)
        {
            return new([], NextStepOf(service));
        }
    }

    /// <summary>What to do about a service that does not stand as declared.</summary>
    public static string NextStepOf(ServiceView service) => service.Reason switch
    {
        Reasons.BuildFailed => "correct what the build says, then run 'mainstay apply'",
        Reasons.CrashLoop => $"see 'mainstay logs {service.Name}', correct it and run 'mainstay apply', or 'mainstay restart {service.Name}' to try again",
        Reasons.NotReadyInTime or Reasons.Unhealthy => $"see 'mainstay logs {service.Name}' and its 'health' in the manifest; 'startup' gives it more time",
        Reasons.StartFailed => $"see that its 'run' command works in its folder, then run 'mainstay restart {service.Name}'",
        Reasons.RolledBack => $"the version before serves on; see 'mainstay events --about {service.Name}', correct it and run 'mainstay apply'",
        Reasons.WaitingForNeeds => "its needs come first: see 'mainstay status' for the one that does not run",
        Reasons.WaitingForHost or Reasons.HostLost => "see 'mainstay get hosts'; a host comes back when its agent runs",
        _ => $"see 'mainstay events --about {service.Name}' and 'mainstay logs {service.Name}'",
    };

    static async Task<FailureAid> OfBuildAsync(ApiClient client, ServiceView service, CancellationToken stop)
    {
        var builds = ApiClient.As<Build[]>((await client.ListAsync("builds", stop))["items"]!);
        var failed = builds.Where(b => b.Service == service.Name && b.Status.State == BuildState.Failed).MaxBy(b => b.Status.FinishedAt);
        return failed is null
            ? new([], NextStepOf(service))
            : new(Last(failed.Status.Tail.Split('\n')), $"{NextStepOf(service)}; all of it: 'mainstay logs --build {failed.Name}'");
    }

    static async Task<IReadOnlyList<string>> LinesAsync(ApiClient client, string service, CancellationToken stop)
    {
        var lines = new List<string>();
        await foreach (var line in client.LinesAsync($"logs?service={Uri.EscapeDataString(service)}&tail={Most}", stop))
        {
            lines.Add(ApiClient.As<LogLine>(line).Text);
        }

        return Last(lines);
    }

    static IReadOnlyList<string> Last(IEnumerable<string> lines) =>
        [.. lines.Select(TextWidth.Harmless).Where(l => !string.IsNullOrWhiteSpace(l)).TakeLast(Most)];
}
