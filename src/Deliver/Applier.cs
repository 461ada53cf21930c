using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Drivers;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Deliver;

/// <summary>
/// Every change of what is declared passes here: read, check, hash what is built, decide, and commit all of it with its audit entry at once. Safe for
/// concurrent use. Expected failures are outcomes; only a store that cannot work throws (<see cref="StoreUnavailableException"/>).
/// </summary>
/// <param name="store">Where what is declared lies.</param>
/// <param name="kinds">The kinds in it.</param>
/// <param name="time">For the time of versions.</param>
/// <param name="folders">This machine's folders.</param>
/// <param name="adminPort">Port of the Admin API, which the gateway must leave alone.</param>
/// <param name="dataFolder">Mainstay's own folder, absolute, which no build reads; null where there is none.</param>
/// <param name="whyNoExpression">Why an expression of a rule cannot be read; null leaves them unchecked.</param>
public sealed class Applier(IStore store, KindRegistry kinds, TimeProvider time, IFolders folders, int adminPort, string? dataFolder = null, Func<string, string?>? whyNoExpression = null)
{
    // Statuses of services change while we decide; that is no conflict of intentions, so a few tries are made.
    const int Tries = 5;

    readonly Committer committer = new(store, kinds, time);

    /// <summary>Makes the architecture as the manifests say. Two applies at the same time: one of them gets <see cref="ApplyResult.Conflict"/>.</summary>
    public Task<ApplyOutcome> ApplyAsync(ApplyRequest request, Author author, CancellationToken stop = default) => ApplyAsync(request, author, dryRun: false, stop);

    /// <summary>What <see cref="ApplyAsync(ApplyRequest, Author, CancellationToken)"/> would do, decided by the same function; nothing is written.</summary>
    public Task<ApplyOutcome> PlanAsync(ApplyRequest request, CancellationToken stop = default) => ApplyAsync(request, new("", ""), dryRun: true, stop);

    /// <summary>Changes the number of a service's instances, within its bounds; null takes back what was asked for.</summary>
    public Task<ApplyOutcome> ScaleAsync(string service, int? instances, Author author, CancellationToken stop = default)
    {
        var named = author.Message.Length > 0 ? author : author with { Message = instances is null ? $"scale {service} by itself" : $"scale {service} to {instances}" };
        return WriteAsync("scale", $"service/{service}", named, seen => ScaleDecide.Next(seen, service, instances, named, time.GetUtcNow()), stop: stop);
    }

    /// <summary>Replaces a service's instances one after another.</summary>
    public Task<ApplyOutcome> RestartAsync(string service, Author author, CancellationToken stop = default) =>
        WriteAsync("restart", $"service/{service}", author, seen => RestartDecide.Next(seen, service), stop: stop);

    /// <summary>Declares anew what an earlier version declared: all of it, or one service with the fewest others that have to go along. Makes a new version.</summary>
    /// <param name="version">The number or tag of the version.</param>
    /// <param name="service">The only service that has to go back; null for everything.</param>
    /// <param name="dryRun">Decides and writes nothing.</param>
    /// <param name="author">For the version and the audit.</param>
    /// <param name="stop">Gives up before the commit.</param>
    public async Task<ApplyOutcome> RollbackAsync(string version, string? service, bool dryRun, Author author, CancellationToken stop = default)
    {
        var named = author.Message.Length > 0 ? author : author with { Message = service is null ? $"rollback to {version}" : $"rollback {service} to {version}" };
        var history = await DeclaredReader.HistoryAsync(store, kinds, stop);
        ApplyPlan Next(DeclaredState seen)
        {
            if (seen.Architecture is null)
            {
                return ApplyPlan.NothingApplied;
            }

            var number = int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var plain) ? plain : seen.Architecture.Tags?.GetValueOrDefault(version);
            if (history.FirstOrDefault(v => v.Number == number) is not { } to)
            {
                return ApplyPlan.Missing("version", version);
            }

            var (wanted, problems) = service is null ? (RollbackDecide.Whole(to), []) : RollbackDecide.One(seen, to, service, history);
            problems = wanted is null ? problems : [.. ManifestRules.Problems(wanted.Spec, Around(wanted.BaseFolder)), .. Unbuildable(seen, wanted, stop)];
            return problems.Count > 0 ? ApplyPlan.Refused(problems) : ApplyDecide.Next(seen, wanted!, named, time.GetUtcNow());
        }

        return await WriteAsync("rollback", service is null ? AboutAll : $"service/{service}", named, Next, dryRun: dryRun, alone: true, stop: stop);
    }

    /// <summary>Undoes the last change of a service's software or settings, where it is recent and not the asker's own: see <see cref="UndoDecide"/>.</summary>
    public async Task<ApplyOutcome> UndoAsync(string service, Author author, CancellationToken stop = default)
    {
        var history = await DeclaredReader.HistoryAsync(store, kinds, stop);
        var (to, why) = UndoDecide.Next(history, service, author.Who, time.GetUtcNow());
        return to is null
            ? Refused(ApplyResult.Invalid, history.Count > 0 ? history[0].Number : 0, new PlacedProblem(Place.Nowhere, why!))
            : await RollbackAsync(to.Number.ToString(CultureInfo.InvariantCulture), service, dryRun: false, author, stop);
    }

    /// <summary>Goes back from a release that is over: the service as it was before the version that declared it, with whoever has to go along.</summary>
    /// <param name="service">Whose release.</param>
    /// <param name="declared">The version that declared it.</param>
    /// <param name="author">Who asks, and why.</param>
    /// <param name="stop">Gives up before the commit.</param>
    public async Task<ApplyOutcome> UndoReleaseAsync(string service, int declared, Author author, CancellationToken stop = default)
    {
        var history = await DeclaredReader.HistoryAsync(store, kinds, stop);
        return history.FirstOrDefault(v => v.Number < declared && v.Services.ContainsKey(service)) is { } to
            ? await RollbackAsync(to.Number.ToString(CultureInfo.InvariantCulture), service, dryRun: false, author, stop)
            : Refused(ApplyResult.Invalid, history.Count > 0 ? history[0].Number : 0, new PlacedProblem(Place.Nowhere, new Problem("service", $"no version before {declared} has '{service}'", "see 'mainstay history'")));
    }

    /// <summary>Gives a version a name, or takes the name away.</summary>
    /// <param name="tag">The name.</param>
    /// <param name="version">The version's number; null takes the name away.</param>
    /// <param name="author">For the audit.</param>
    /// <param name="stop">Gives up before the commit.</param>
    public Task<ApplyOutcome> TagAsync(string tag, int? version, Author author, CancellationToken stop = default) =>
        WriteAsync("tag", AboutAll, author, seen => TagDecide.Next(seen, tag, version), stop: stop);

    /// <summary>Says what is to become of a release that is under way.</summary>
    /// <param name="service">Whose release.</param>
    /// <param name="act">Hold, go on, go to the end, or go back.</param>
    /// <param name="author">Who says so, and why.</param>
    /// <param name="stop">Gives up before the commit.</param>
    public Task<ApplyOutcome> RolloutAsync(string service, RolloutAct act, Author author, CancellationToken stop = default) =>
        WriteAsync("rollout", $"service/{service}", author, seen => RolloutDecide.Next(seen, service, act, author.Who, author.Message), stop: stop);

    /// <summary>Starts everything that is declared.</summary>
    public Task<ApplyOutcome> StartAsync(Author author, CancellationToken stop = default) =>
        WriteAsync("start", AboutAll, author, seen => RunningDecide.Next(seen, running: true), stop: stop);

    /// <summary>Stops everything, in reverse order; it stays declared.</summary>
    public Task<ApplyOutcome> StopAsync(Author author, CancellationToken stop = default) =>
        WriteAsync("stop", AboutAll, author, seen => RunningDecide.Next(seen, running: false), stop: stop);

    /// <summary>Puts one service, route or the gateway into what is declared; the whole is checked and gets a version.</summary>
    /// <param name="resource">Of a kind that users write.</param>
    /// <param name="ifRevision">Only if its revision is this (0: only if it does not exist); null does not ask.</param>
    /// <param name="dryRun">Decides and writes nothing.</param>
    /// <param name="author">For the version and the audit.</param>
    /// <param name="stop">Gives up before the commit.</param>
    public async Task<ApplyOutcome> PutAsync(Resource resource, long? ifRevision, bool dryRun, Author author, CancellationToken stop = default)
    {
        var named = author.Message.Length > 0 ? author : author with { Message = $"put {About(resource)}" };
        string? digest = null;
        if (resource is Service { Spec.Build: not null } service)
        {
            var folder = (await DeclaredReader.ReadAsync(store, kinds, stop)).Latest?.BaseFolder ?? service.BaseFolder;
            var result = await Task.Run(() => new ContentDigest(dataFolder).Of(service.Spec, folder, stop), stop);
            if (result.Problem is { } problem)
            {
                return Refused(ApplyResult.Invalid, 0, new PlacedProblem(Place.Nowhere, problem.Under($"services.{service.Name}")));
            }

            digest = result.Digest;
        }

        ApplyPlan Next(DeclaredState seen) =>
            seen.ToDeclaration() is not { } declared ? ApplyPlan.NothingApplied
            : WriteDecide.Put(declared, resource) is { } wanted ? Checked(seen, digest is null ? wanted : wanted with { Digests = new Dictionary<string, string>(wanted.Digests) { [resource.Name] = digest } }, named)
            : ApplyPlan.Refused(new Problem("name", $"there is one gateway, named '{Core.Kinds.Traffic.Gateway.TheName}'", "write to that one"));
        return await WriteAsync("put", About(resource), named, Next, Expected(resource, ifRevision), dryRun, stop: stop);
    }

    /// <summary>Takes one service, route, objective or rule out of what is declared, or gives the gateway its default address; the whole is checked and gets a version.</summary>
    /// <inheritdoc cref="PutAsync"/>
    public async Task<ApplyOutcome> DeleteAsync(Resource resource, long? ifRevision, bool dryRun, Author author, CancellationToken stop = default)
    {
        var named = author.Message.Length > 0 ? author : author with { Message = $"delete {About(resource)}" };
        ApplyPlan Next(DeclaredState seen) =>
            seen.ToDeclaration() is not { } declared || RevisionOf(seen, resource) == 0 ? ApplyPlan.Missing(kinds.Of(resource.GetType()).Name, resource.Name)
            : Checked(seen, WriteDecide.Delete(declared, resource)!, named);
        return await WriteAsync("delete", About(resource), named, Next, Expected(resource, ifRevision), dryRun, stop: stop);
    }

    static string AboutAll => $"architecture/{Architecture.TheName}";

    string About(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);

    ManifestSurroundings Around(string baseFolder) => new() { BaseFolder = baseFolder, Folders = folders, Certificates = new DiskCertificates(), AdminPort = adminPort, WhyNoExpression = whyNoExpression };

    async Task<ApplyOutcome> ApplyAsync(ApplyRequest request, Author author, bool dryRun, CancellationToken stop)
    {
        if (!Path.IsPathFullyQualified(request.BaseFolder) || !folders.Exists(request.BaseFolder))
        {
            return Refused(ApplyResult.Invalid, 0, new PlacedProblem(Place.Nowhere, new Problem("", $"there is no folder '{request.BaseFolder}' on this machine", "give the absolute folder of the manifest as baseFolder")));
        }

        // One notation, so that the same folder written otherwise is no change.
        var baseFolder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.BaseFolder));
        var read = ManifestReader.Read(request.Files, Around(baseFolder));
        if (read.Problems.Any(p => VersionRules.IsAbout(p.Path)) && await DeclaredReader.HistoryAsync(store, kinds, stop) is { Count: > 0 } history)
        {
            // A set of versions that would do is worth a second reading.
            read = ManifestReader.Read(request.Files, Around(baseFolder) with { History = history });
        }

        if (read.Value is not { } spec)
        {
            return new(ApplyResult.Invalid, 0, [], read.Problems, read.Warnings);
        }

        var (digests, problems) = await Task.Run(() => DigestsOf(spec, baseFolder, stop), stop);
        if (problems.Count > 0)
        {
            return new(ApplyResult.Invalid, 0, [], [.. problems.Select(read.Place)], read.Warnings);
        }

        var wanted = new Declaration { Spec = GuardRules.Settled(spec, baseFolder), BaseFolder = baseFolder, Digests = digests, Run = request.Run ? true : null };
        var outcome = await WriteAsync("apply", AboutAll, author, seen => ApplyDecide.Next(seen, wanted, author, time.GetUtcNow()), IsVersion(request.IfVersion), dryRun, alone: true, stop);
        return outcome with { Problems = [.. outcome.Problems.Select(p => read.Place(new(p.Path, p.What, p.Remedy)))], Warnings = read.Warnings };
    }

    (Dictionary<string, string> Digests, List<Problem> Problems) DigestsOf(ArchitectureSpec spec, string baseFolder, CancellationToken stop)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new List<Problem>();
        var content = new ContentDigest(dataFolder);
        foreach (var (name, service) in spec.Services.Where(s => s.Value.Build is not null))
        {
            var result = content.Of(service, baseFolder, stop);
            if (result.Problem is { } problem)
            {
                problems.Add(problem.Under($"services.{name}"));
            }
            else
            {
                digests[name] = result.Digest!;
            }
        }

        return (digests, problems);
    }

    // Outputs of builds are found by their content. Where neither the output is known nor the sources are still those, it cannot be had again.
    IEnumerable<Problem> Unbuildable(DeclaredState seen, Declaration wanted, CancellationToken stop)
    {
        var content = new ContentDigest(dataFolder);
        foreach (var (name, digest) in wanted.Digests.Where(d => seen.Find(d.Key)?.Digest != d.Value && !seen.Built.Contains(Build.NameOf(d.Key, d.Value))))
        {
            if (content.Of(wanted.Spec.Services[name], wanted.BaseFolder, stop).Digest != digest)
            {
                yield return new($"services.{name}.build", $"the software that {name} had then is not kept, and its sources have changed since", "bring the sources of that time into its folder and apply them");
            }
        }
    }

    ApplyPlan Checked(DeclaredState seen, Declaration wanted, Author author)
    {
        var problems = ManifestRules.Problems(wanted.Spec, Around(wanted.BaseFolder)).ToArray();
        return problems.Length > 0
            ? ApplyPlan.Refused(problems)
            : ApplyDecide.Next(seen, wanted with { Spec = GuardRules.Settled(wanted.Spec, wanted.BaseFolder) }, author, time.GetUtcNow());
    }

    // The one way into the store: read, decide, commit; again when only statuses moved in between. An apply that is to stand alone gives way to another one.
    async Task<ApplyOutcome> WriteAsync(
        string verb,
        string about,
        Author author,
        Func<DeclaredState, ApplyPlan> next,
        Func<DeclaredState, bool>? expected = null,
        bool dryRun = false,
        bool alone = false,
        CancellationToken stop = default)
    {
        long? first = null;
        for (var attempt = 1; ; attempt++)
        {
            var seen = await DeclaredReader.ReadAsync(store, kinds, stop);
            var current = seen.Architecture?.Version ?? 0;
            if (attempt > Tries || (alone && first is not null && first != (seen.Architecture?.Revision ?? 0)))
            {
                return Refused(ApplyResult.Conflict, current, new PlacedProblem(Place.Nowhere, new Problem("", $"somebody else changed the architecture at the same time; version {current} is in force", "look at 'mainstay diff', then try again")));
            }

            first ??= seen.Architecture?.Revision ?? 0;
            if (expected?.Invoke(seen) == false)
            {
                return Refused(ApplyResult.Stale, current, new PlacedProblem(Place.Nowhere, new Problem("", $"{about} is not at the expected revision; version {current} is in force", "read it again, then repeat the change")));
            }

            var plan = next(seen);
            if (plan.Problems.Count == 0 && await UnconfiguredAsync(seen, plan, stop) is { Count: > 0 } problems)
            {
                plan = ApplyPlan.Refused([.. problems]);
            }

            if (plan.Problems.Count > 0)
            {
                return new(plan.IsMissing ? ApplyResult.Missing : ApplyResult.Invalid, current, [], [.. plan.Problems.Select(p => new PlacedProblem(Place.Nowhere, p))], []);
            }

            var nothing = plan.Writes.Puts.Count + plan.Writes.Deletes.Count == 0;
            if (nothing || dryRun || (await committer.CommitAsync(plan, verb, about, author, stop)).Succeeded)
            {
                return new(nothing ? ApplyResult.Unchanged : ApplyResult.Applied, plan.Version?.Number ?? current, plan.Changes, [], []) { Moves = plan.Moves };
            }
        }
    }

    // Configuration that would be wrong beside what else is published, and secrets that somebody has to keep first.
    async Task<List<Problem>> UnconfiguredAsync(DeclaredState seen, ApplyPlan plan, CancellationToken stop)
    {
        List<Problem> problems = [.. ConfigRules.Problems(seen, plan)];
        var given = seen.Services.Values.SelectMany(s => ConfigRules.SecretsOf(s)).ToHashSet(StringComparer.Ordinal);
        foreach (var (path, secret) in ConfigRules.Secrets(seen, plan).Where(s => !given.Contains(s.Secret)))
        {
            if (await store.GetAsync(ConfigSettings.SealedPrefix + secret, stop) is null)
            {
                problems.Add(new(path, $"there is no secret '{secret}'", $"keep it with 'mainstay secret set {secret}', then apply again"));
            }
        }

        return problems;
    }

    static Func<DeclaredState, bool>? IsVersion(int? ifVersion) => ifVersion is { } version ? seen => (seen.Architecture?.Version ?? 0) == version : null;

    static Func<DeclaredState, bool>? Expected(Resource resource, long? ifRevision) =>
        ifRevision is { } revision ? seen => RevisionOf(seen, resource) == revision : null;

    // The revision of what is declared under the resource's name; 0 where nothing is.
    static long RevisionOf(DeclaredState seen, Resource resource) => resource switch
    {
        Service => seen.Find(resource.Name)?.Revision ?? 0,
        Core.Kinds.Traffic.Route => seen.Routes.GetValueOrDefault(resource.Name)?.Revision ?? 0,
        Core.Kinds.Observe.AlertRule => seen.Rules.GetValueOrDefault(resource.Name)?.Revision ?? 0,
        Core.Kinds.Observe.Objective => seen.Objectives.GetValueOrDefault(resource.Name)?.Revision ?? 0,
        Core.Kinds.State.Flow => seen.Flows.GetValueOrDefault(resource.Name)?.Revision ?? 0,
        Core.Kinds.Traffic.Gateway => resource.Name == Core.Kinds.Traffic.Gateway.TheName ? seen.Gateway?.Revision ?? 0 : 0,
        _ => 0,
    };

    static ApplyOutcome Refused(ApplyResult result, int version, PlacedProblem problem) => new(result, version, [], [problem], []);
}
