using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;

namespace Mainstay.State.Config;

/// <summary>Edits, publishes and rolls back name spaces of configuration over a store. A publish, its record and what is told of it are one commit, which fails as a whole where any name space changed meanwhile.</summary>
/// <param name="store">Where they are.</param>
/// <param name="kinds">Of all resources.</param>
/// <param name="time">The clock.</param>
public sealed class ConfigKeeper(IStore store, KindRegistry kinds, TimeProvider time)
{
    /// <summary>How many name spaces there can be.</summary>
    public const int MostSpaces = 1000;

    /// <summary>How many versions of a name space are kept; older ones are forgotten.</summary>
    public const int KeptVersions = 500;

    const int Tries = 8;

    /// <summary>Every name space as published, by name.</summary>
    public async Task<Dictionary<string, ConfigSpace>> AllAsync(CancellationToken stop)
    {
        var kind = kinds.Of<ConfigSpace>();
        return (await store.RangeAsync(kind.Prefix, stop: stop)).Entries.Select(kind.Decode).Cast<ConfigSpace>().ToDictionary(s => s.Name, StringComparer.Ordinal);
    }

    /// <summary>A record by its name; null where there is none.</summary>
    public async Task<T?> FindAsync<T>(string name, CancellationToken stop)
        where T : Resource
    {
        var kind = kinds.Of<T>();
        return await store.GetAsync(kind.KeyOf(name), stop) is { } entry ? (T)kind.Decode(entry) : null;
    }

    /// <summary>The versions of a name space that are kept, the oldest first.</summary>
    /// <param name="space">Its name.</param>
    /// <param name="after">Only those after this one.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<IReadOnlyList<ConfigVersion>> HistoryAsync(string space, int after, CancellationToken stop)
    {
        var kind = kinds.Of<ConfigVersion>();
        return [.. (await store.RangeAsync(kind.KeyOf(space + "."), stop: stop)).Entries.Select(kind.Decode).Cast<ConfigVersion>().Where(v => v.Space == space && v.Number > after).OrderBy(v => v.Number)];
    }

    /// <summary>Edits the draft of a name space; there need be neither yet.</summary>
    /// <param name="space">Its name.</param>
    /// <param name="edit">What the draft is after it.</param>
    /// <param name="by">Who.</param>
    /// <param name="told">What is written with it.</param>
    /// <param name="stop">Ends it before it is written.</param>
    /// <returns>Null where others edit it all the time.</returns>
    public async Task<ConfigDraft?> EditAsync(string space, Func<ConfigContent, ConfigContent> edit, string by, Func<ConfigDraft, IEnumerable<Operation>> told, CancellationToken stop)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var published = await FindAsync<ConfigSpace>(space, stop);
            var before = await FindAsync<ConfigDraft>(space, stop);
            var after = new ConfigDraft
            {
                Name = space, From = before?.From ?? published?.Version ?? 0, By = by, At = time.GetUtcNow(), Content = edit(before?.Content ?? published?.Content ?? new ConfigContent()),
            };
            var key = kinds.Of<ConfigDraft>().KeyOf(space);
            if ((await store.CommitAsync(new([new(key, before?.Revision ?? 0)], [new(key, Codec.Encode(after)), .. told(after)]), stop)).Succeeded)
            {
                return after;
            }
        }

        return null;
    }

    /// <summary>Forgets the draft of a name space.</summary>
    public async Task<bool> DiscardAsync(string space, Func<ConfigDraft, IEnumerable<Operation>> told, CancellationToken stop)
    {
        var key = kinds.Of<ConfigDraft>().KeyOf(space);
        return await FindAsync<ConfigDraft>(space, stop) is { } draft && (await store.CommitAsync(new([new(key, draft.Revision)], [new(key, null), .. told(draft)]), stop)).Succeeded;
    }

    /// <summary>Publishes the draft of a name space: to all of its readers, or in stages.</summary>
    /// <param name="space">Its name.</param>
    /// <param name="by">Who.</param>
    /// <param name="reason">Why.</param>
    /// <param name="stage">Makes the first stage of the version that comes of it; null gives it to all.</param>
    /// <param name="told">What is written with it.</param>
    /// <param name="stop">Ends it before it is written.</param>
    public Task<ConfigPlan> PublishAsync(string space, string by, string reason, Func<ConfigVersion, ConfigStaging>? stage, Func<ConfigVersion, IEnumerable<Operation>> told, CancellationToken stop) => WriteAsync(space, by, reason, stage, told, async all =>
    {
        var draft = await FindAsync<ConfigDraft>(space, stop);
        return draft is null ? (null, null, new("", "nothing is edited", "edit it first: 'mainstay config set'"))
            : draft.From != (all.GetValueOrDefault(space)?.Version ?? 0) ? (null, null, new("", $"version {all[space].Version} was published since this edit began with {draft.From}", "look at 'mainstay config diff', discard the edit, and make it anew"))
            : (draft.Content, draft, null);
    }, stop);

    /// <summary>Publishes once more what a version had published.</summary>
    public Task<ConfigPlan> RollbackAsync(string space, int number, string by, string reason, Func<ConfigVersion, IEnumerable<Operation>> told, CancellationToken stop) => WriteAsync(space, by, reason, null, told, async _ =>
        await FindAsync<ConfigVersion>(ConfigVersion.NameOf(space, number), stop) is { } version ? (version.Content, null, null)
        : (null, null, new Problem("version", $"there is no version {number} of '{space}'", $"see 'mainstay config history {space}'")), stop);

    async Task<ConfigPlan> WriteAsync(
        string space, string by, string reason, Func<ConfigVersion, ConfigStaging>? stage, Func<ConfigVersion, IEnumerable<Operation>> told, Func<IReadOnlyDictionary<string, ConfigSpace>, Task<(ConfigContent? Content, ConfigDraft? Draft, Problem? Wrong)>> next, CancellationToken stop)
    {
        var (spaces, drafts, versions) = (kinds.Of<ConfigSpace>(), kinds.Of<ConfigDraft>(), kinds.Of<ConfigVersion>());
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var all = await AllAsync(stop);
            var (content, draft, wrong) = await next(all);
            if (wrong is null && all.GetValueOrDefault(space) is { Staged: { } under })
            {
                wrong = new("", $"version {under.Number} of '{space}' is going out in stages", $"'mainstay config promote {space}' gives it to all, 'mainstay config abort {space}' gives it up");
            }

            if (wrong is null && all.GetValueOrDefault(space) is { Declared: not null })
            {
                wrong = new("", $"the manifest declares '{space}'", "change it there and apply it; what it no longer declares is edited here again");
            }

            if (wrong is null && stage is not null && !all.ContainsKey(space))
            {
                wrong = new("stages", $"nothing of '{space}' is published yet that others could keep", "publish it to all");
            }

            if (wrong is null && all.Count >= MostSpaces && !all.ContainsKey(space))
            {
                wrong = new("", $"there are {MostSpaces} name spaces already", "keep more in one");
            }

            if (wrong is not null)
            {
                return new(null, null, [wrong]);
            }

            var plan = ConfigPublish.Next(space, content!, all, by, reason, time.GetUtcNow());
            if (plan is not { Space: { } after, Version: { } version })
            {
                return plan;
            }

            if (stage is not null)
            {
                after = all[space] with { Staged = stage(version), Used = version.Number };
                version = version with { Outcome = ConfigOutcome.Staged };
            }

            // Whether it holds depends on the others: they have to be what was looked at.
            var compares = all.Values.Select(s => new Compare(spaces.KeyOf(s.Name), s.Revision)).ToList();
            if (!all.ContainsKey(space))
            {
                compares.Add(new(spaces.KeyOf(space), 0));
            }

            var operations = new List<Operation> { new(spaces.KeyOf(space), Codec.Encode(after)), new(versions.KeyOf(version.Name), Codec.Encode(version)) };
            operations.AddRange(told(version));
            if (draft is not null)
            {
                operations.Add(new(drafts.KeyOf(space), null));
                compares.Add(new(drafts.KeyOf(space), draft.Revision));
            }

            if (version.Number > KeptVersions)
            {
                operations.Add(new(versions.KeyOf(ConfigVersion.NameOf(space, version.Number - KeptVersions)), null));
            }

            var result = await store.CommitAsync(new(compares, operations), stop);
            if (result.Succeeded)
            {
                return new(after with { Revision = result.Revision }, version, []);
            }
        }

        return new(null, null, [new("", "others publish all the time", "try again")]);
    }

    /// <summary>Changes how a staged publish stands; false where none is under way, or others changed it all the time.</summary>
    /// <param name="space">The name space.</param>
    /// <param name="next">How it stands then; null leaves it as it is.</param>
    /// <param name="told">What is written with it.</param>
    /// <param name="stop">Ends it before it is written.</param>
    public async Task<bool> MoveAsync(string space, Func<ConfigStaging, ConfigStaging?> next, Func<ConfigStaging, IEnumerable<Operation>> told, CancellationToken stop)
    {
        var key = kinds.Of<ConfigSpace>().KeyOf(space);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await FindAsync<ConfigSpace>(space, stop) is not { Staged: { } staged } seen || next(staged) is not { } after)
            {
                return false;
            }

            if ((await store.CommitAsync(new([new(key, seen.Revision)], [new(key, Codec.Encode(seen with { Staged = after })), .. told(after)]), stop)).Succeeded)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives a staged publish to all. It has to hold beside what was published of other name spaces since it began.</summary>
    public async Task<ConfigPlan> PromoteAsync(string space, Func<ConfigVersion, IEnumerable<Operation>> told, CancellationToken stop)
    {
        var (spaces, versions) = (kinds.Of<ConfigSpace>(), kinds.Of<ConfigVersion>());
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var all = await AllAsync(stop);
            if (all.GetValueOrDefault(space) is not { Staged: { } staged } before)
            {
                return new(null, null, [NothingStaged(space)]);
            }

            all[space] = before with { Staged = null, Used = staged.Number - 1 };
            var plan = ConfigPublish.Next(space, staged.Content, all, staged.By, staged.Reason, time.GetUtcNow());
            if (plan is not { Space: { } after, Version: { } version })
            {
                return plan;
            }

            var result = await store.CommitAsync(
                new([.. all.Values.Select(s => new Compare(spaces.KeyOf(s.Name), s.Revision))], [new(spaces.KeyOf(space), Codec.Encode(after)), new(versions.KeyOf(version.Name), Codec.Encode(version)), .. told(version)]), stop);
            if (result.Succeeded)
            {
                return plan;
            }
        }

        return new(null, null, [new("", "others publish all the time", "try again")]);
    }

    /// <summary>Takes a staged publish back from those who have it; its number is not given again.</summary>
    public async Task<Problem?> AbortAsync(string space, string why, Func<ConfigVersion, IEnumerable<Operation>> told, CancellationToken stop)
    {
        var (spaces, versions) = (kinds.Of<ConfigSpace>(), kinds.Of<ConfigVersion>());
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await FindAsync<ConfigSpace>(space, stop) is not { Staged: { } staged } before)
            {
                return NothingStaged(space);
            }

            var record = await FindAsync<ConfigVersion>(ConfigVersion.NameOf(space, staged.Number), stop)
                ?? new ConfigVersion { Name = ConfigVersion.NameOf(space, staged.Number), Space = space, Number = staged.Number, Content = staged.Content, Changes = [], By = staged.By, At = staged.Began };
            record = record with { Outcome = ConfigOutcome.Withdrawn, Withdrawn = why };
            var operations = new List<Operation> { new(spaces.KeyOf(space), Codec.Encode(before with { Staged = null })), new(versions.KeyOf(record.Name), Codec.Encode(record)) };
            operations.AddRange(told(record));
            if ((await store.CommitAsync(new([new(spaces.KeyOf(space), before.Revision)], operations), stop)).Succeeded)
            {
                return null;
            }
        }

        return new("", "others change it all the time", "try again");
    }

    static Problem NothingStaged(string space) => new("", $"no publish of '{space}' is going out in stages", $"see 'mainstay config history {space}'");
}
