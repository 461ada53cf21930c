using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.State.Config;
using Mainstay.State.Decide;

namespace Mainstay.Host.Api.Config;

/// <summary>
/// Leads publishes that go out in stages: from share to share of their readers, until all have it; and takes those back that do harm, by what the gateways count of instances that run it and of those of the same services that
/// do not. Costs nothing while none is under way. Counts begin anew when the server does: how far it went is in the store.
/// </summary>
public sealed class ConfigStager
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    readonly ServerServices services;
    readonly Mirror mirror;
    readonly ConfigKeeper keeper;
    readonly ConfigReads reads;
    readonly EventNames names;
    readonly Lock gate = new();
    readonly Dictionary<string, StagedJudge> judged = new(StringComparer.Ordinal);
    readonly Signal begun = new();
    long serial;

    public ConfigStager(ServerServices services, Mirror mirror, ConfigKeeper keeper, ConfigReads reads, EventNames names)
    {
        (this.services, this.mirror, this.keeper, this.reads, this.names) = (services, mirror, keeper, reads, names);
        mirror.Subscribe(_ => 0, (_, after) =>
        {
            if (after is ConfigSpace { Staged: not null })
            {
                begun.Set();
            }
        });
    }

    /// <summary>Takes in what a gateway counted of an instance; durations as <c>TrafficRecord.Latency</c> has them.</summary>
    public void Add(string service, string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        lock (gate)
        {
            foreach (var one in judged.Values)
            {
                one.Count(service, instance, requests, errors, latency);
            }
        }
    }

    /// <summary>The first stage of a version.</summary>
    public ConfigStaging First(ConfigVersion version, ConfigStages plan)
    {
        var staged = new ConfigStaging { Number = version.Number, Content = version.Content, Plan = plan, Began = version.At, Since = version.At, By = version.By, Reason = version.Reason };
        return staged with { UpTo = UpTo(version.Space, staged) };
    }

    /// <summary>How it stands.</summary>
    public ConfigStagingView View(ConfigSpace space)
    {
        if (space.Staged is not { } staged)
        {
            return new(null, 0, 0, 0, "nothing is going out in stages", new Dictionary<string, ReleaseReport>());
        }

        var (seen, others) = Look(space.Name, staged);
        lock (gate)
        {
            var judge = judged.GetValueOrDefault(space.Name) is { } one && one.Number == staged.Number ? one : null;
            return new(staged, seen.Chosen, seen.Running, others, ConfigStageDecide.Next(staged, seen with { Harm = judge?.Harm }, services.Time.GetUtcNow()).Why, judge?.Reports() ?? new Dictionary<string, ReleaseReport>());
        }
    }

    /// <summary>Does what somebody says; what stands against it where it cannot be.</summary>
    public async Task<Problem?> ActAsync(string space, string act, string why, string who, Func<string, ConfigStaging, Operation> audit, CancellationToken stop)
    {
        var shown = why.Length > 0 ? why : who;
        if (mirror.Read(seen => seen.Get<ConfigSpace>(space))?.Staged is not { } staged)
        {
            return new("", $"no publish of '{space}' is going out in stages", $"see 'mainstay config history {space}'");
        }

        var verb = $"config-{act}";
        switch (act)
        {
            case "promote":
                return (await keeper.PromoteAsync(space, v => [audit(verb, staged), Event(v, "ConfigPromoted", $"{who} gave version {v.Number} of {space} to all")], stop)).Problems is [var first, ..] ? first : null;
            case "abort":
                return await keeper.AbortAsync(space, shown, v => [audit(verb, staged), Event(v, "ConfigWithdrawn", $"{who} took version {v.Number} of {space} back{(why.Length > 0 ? ": " + why : "")}", Severity.Warning)], stop);
            default:
                return await keeper.MoveAsync(space, s => act == "pause" ? s with { Paused = true } : s with { Paused = false, Passed = true }, s => [audit(verb, s)], stop)
                    ? null : new("", "it is over, or others change it all the time", "look again");
        }
    }

    /// <summary>Looks until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        begun.Set();
        while (true)
        {
            var under = mirror.Read(seen => seen.All<ConfigSpace>().Where(s => s.Staged is not null).ToArray());
            lock (gate)
            {
                foreach (var gone in judged.Where(j => !under.Any(s => s.Name == j.Key && s.Staged!.Number == j.Value.Number)).Select(j => j.Key).ToArray())
                {
                    judged.Remove(gone);
                }
            }

            if (under.Length == 0)
            {
                await begun.WaitAsync(stop);
                continue;
            }

            try
            {
                foreach (var space in under)
                {
                    await LeadAsync(space.Name, space.Staged!, stop);
                }
            }
            catch (StoreUnavailableException fault)
            {
                services.OnFault?.Invoke("staged configuration", fault);
            }

            await Task.Delay(Every, services.Time, stop);
        }
    }

    async Task LeadAsync(string space, ConfigStaging staged, CancellationToken stop)
    {
        var (seen, _) = Look(space, staged);
        string? harm;
        lock (gate)
        {
            if (!judged.TryGetValue(space, out var judge))
            {
                judged[space] = judge = new(staged);
            }

            judge.Close();
            judge.Take(Running(space, staged), mirror.Read(all => all.All<Instance>().Where(i => i.Goal == InstanceGoal.Run).Select(i => (i.Service, i.Name)).ToArray()));
            harm = judge.Harm;
        }

        var plan = ConfigStageDecide.Next(staged, seen with { Harm = harm }, services.Time.GetUtcNow());
        switch (plan.Move)
        {
            case ConfigStageMove.Abort:
                await AbortAsync(space, plan.Why, stop);
                break;
            case ConfigStageMove.Promote:
                if ((await keeper.PromoteAsync(space, v => [Told("config-promote", v), Event(v, "ConfigPromoted", $"version {v.Number} of {space} went to all: {plan.Why}")], stop)).Problems is [var problem, ..])
                {
                    await AbortAsync(space, $"it no longer holds beside the others: {problem.What}", stop);
                }

                break;
            case ConfigStageMove.Step:
                var next = staged with { Step = staged.Step + 1, Since = services.Time.GetUtcNow(), Passed = false };
                next = next with { UpTo = Math.Max(staged.UpTo, UpTo(space, next)) };
                await keeper.MoveAsync(space, s => s.Number == staged.Number && s.Step == staged.Step && !s.Paused ? next : null, s => [Told(space, "ConfigStepped", $"version {s.Number} of {space} goes to {s.Plan.Shares()[s.Step]} of readers")], stop);
                break;
        }
    }

    Task<Problem?> AbortAsync(string space, string why, CancellationToken stop) =>
        keeper.AbortAsync(space, why, v => [Told("config-abort", v), Event(v, "ConfigWithdrawn", $"version {v.Number} of {space} was taken back: {why}", Severity.Warning)], stop);

    uint UpTo(string space, ConfigStaging staged) => ConfigRanks.UpTo(space, staged.Number, staged.Plan.Shares()[staged.Step], Of(space).Where(r => ConfigRanks.May(staged.Plan, r.Who)).Select(r => r.Reader.Reader));

    (ConfigStageView Seen, int Others) Look(string space, ConfigStaging staged)
    {
        var of = Of(space);
        var chosen = of.Where(r => ConfigRanks.Takes(staged, space, r.Who)).ToArray();
        return (new(chosen.Length, chosen.Count(IsCurrent), null), of.Length - chosen.Length);
    }

    HashSet<string> Running(string space, ConfigStaging staged) =>
        Of(space).Where(r => ConfigRanks.Takes(staged, space, r.Who) && IsCurrent(r)).Select(r => r.Reader.Reader).ToHashSet(StringComparer.Ordinal);

    bool IsCurrent((string Space, ConfigReader Reader, ConfigReaderIdentity Who) one) => reads.Find(one.Space, one.Reader.Environment, one.Reader.Who)?.Tag == one.Reader.Tag;

    // Whoever reads it, or a name space that inherits it.
    (string Space, ConfigReader Reader, ConfigReaderIdentity Who)[] Of(string space)
    {
        var heirs = mirror.Read(seen => seen.All<ConfigSpace>().Where(s => ConfigEffective.ChainOf(s.Name, seen.Get<ConfigSpace>).Any(c => c.Name == space)).Select(s => s.Name).ToHashSet(StringComparer.Ordinal));
        return [.. reads.Readers().Where(r => heirs.Contains(r.Space) && r.Reader.Who is not null).Select(r => (r.Space, r.Reader, reads.Known(r.Reader.Who!)))];
    }

    Operation Told(string verb, ConfigVersion version)
    {
        var now = services.Time.GetUtcNow();
        var entry = new AuditEntry
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-stager-{Interlocked.Increment(ref serial):D6}", At = now, Who = "mainstay", From = "judge", Verb = verb, About = $"config/{version.Space}",
            After = Encoding.UTF8.GetString(Codec.Encode(new { version.Number, version.Withdrawn })),
        };
        return new(services.Kinds.Of<AuditEntry>().KeyOf(entry.Name), Codec.Encode(entry));
    }

    Operation Event(ConfigVersion version, string reason, string message, Severity severity = Severity.Info) => Told(version.Space, reason, message, severity);

    Operation Told(string space, string reason, string message, Severity severity = Severity.Info)
    {
        var told = names.Make(services.Time.GetUtcNow(), $"config/{space}", reason, message) with { Severity = severity };
        return new(services.Kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told));
    }
}
