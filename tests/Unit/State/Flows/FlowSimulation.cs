using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>
/// Runs among callees that fail in every way, with servers that die at any moment: each ends exactly once, in success or with everything taken back, and nothing is done twice. A seed that fails gives the same run again.
/// </summary>
public sealed class FlowSimulation
{
    const string Saga = """
        saga:
          steps:
            - { name: one, call: { to: a, path: /one }, compensate: { to: a, path: "/one/{one.body.id}" } }
            - { name: two, call: { to: a, path: "/two/{one.body.id}" }, compensate: { to: a, path: /two } }
            - { name: three, call: { to: a, path: /three }, compensate: { to: a, path: /three } }
            - { name: four, pivot: true, call: { to: a, path: /four } }
            - { name: five, call: { to: a, path: /five } }
        """;

    const string Wide = """
        wide:
          steps:
            - name: both
              parallel:
                left: [ { name: l1, call: { to: a, path: /l1 }, compensate: { to: a, path: /l1 } }, { name: l2, call: { to: a, path: /l2 }, compensate: { to: a, path: /l2 } } ]
                right: [ { name: every, forEach: { in: input.items, atOnce: 2, steps: [ { name: do, call: { to: a, path: "/{item}" }, compensate: { to: a, path: "/{do.body.id}" } } ] } } ]
            - { name: go, wait: { signal: go } }
            - name: way
              branch: [ { when: "go == 1", steps: [ { name: w1, call: { to: a, path: /w1 }, compensate: { to: a, path: /w1 } } ] }, { steps: [ { name: part, flow: small } ] } ]
            - { name: last, call: { to: a, path: /last }, compensate: { to: a, path: /last } }
        small:
          steps: [ { name: s1, call: { to: a, path: /s1 }, compensate: { to: a, path: /s1 } } ]
        """;

    const string Trip = """
        trip:
          steps:
            - { name: before, call: { to: a, path: /before }, compensate: { to: a, path: /before } }
            - name: book
              pivot: true
              tcc:
                participants:
                  x: { try: { to: a, path: /x }, confirm: { to: a, path: /x }, cancel: { to: a, path: /x } }
                  y: { try: { to: a, path: /y }, confirm: { to: a, path: /y }, cancel: { to: a, path: /y } }
                  z: { try: { to: a, path: /z }, confirm: { to: a, path: /z }, cancel: { to: a, path: /z } }
            - { name: after, call: { to: a, path: /after } }
        """;

    public static TheoryData<string> Flows => [Saga, Wide, Trip];

    [Theory]
    [MemberData(nameof(Flows))]
    public void Servers_that_die_at_a_thousand_moments_leave_no_run_half_done(string flow)
    {
        var states = new Dictionary<FlowState, int>();
        for (var seed = 0; seed < 1000; seed++)
        {
            var state = Live(flow, seed, crashes: 0.12, refusals: 0.04);
            states[state] = states.GetValueOrDefault(state) + 1;
        }

        states.GetValueOrDefault(FlowState.Succeeded).ShouldBeGreaterThan(100);
        states.GetValueOrDefault(FlowState.Compensated).ShouldBeGreaterThan(50);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public void A_server_that_dies_at_every_boundary_between_steps_leaves_no_run_half_done(string flow)
    {
        for (var at = 0; at < 40; at++)
        {
            for (var seed = 0; seed < 4; seed++)
            {
                Live(flow, seed, crashes: 0, refusals: seed % 2 == 0 ? 0 : 0.2, crashAt: at);
            }
        }
    }

    static FlowState Live(string yaml, int seed, double crashes, double refusals, int crashAt = -1)
    {
        var chance = new Random(seed);
        var world = new FlowWorld(chance) { Refusals = refusals };
        var (flows, wrong) = FlowBench.Read(yaml, "a");
        wrong.ShouldBeEmpty();
        var bench = new FlowBench { Definition = FlowDefinition.Of(flows!.Keys.First(), n => flows.GetValueOrDefault(n))! };
        bench.Start($"r{seed}", FlowBench.Json("""{"items":["p","q","r","s"]}"""));
        for (var step = 0; !bench.Run!.HasEnded; step++)
        {
            step.ShouldBeLessThan(5000, $"seed {seed} does not end: {bench.Run}");
            if (chance.NextDouble() < crashes || step == crashAt)
            {
                world.Crash(bench.UnderWay.Values);
                bench.UnderWay.Clear();
                bench.Next(new FlowLost());
            }
            else
            {
                Move(bench, world, chance, $"seed {seed}");
            }
        }

        world.ArriveAll();
        Judge(bench, world, $"seed {seed} crash at {crashAt}");
        return bench.Run.State;
    }

    static void Move(FlowBench bench, FlowWorld world, Random chance, string seed)
    {
        if (chance.NextDouble() < 0.05)
        {
            world.ArriveLate();
        }

        if (chance.NextDouble() < 0.004 && bench.Run is { Pivoted: false, Stopping: false })
        {
            bench.Next(new FlowCancelled("chance")).Refused.ShouldBeNull(seed);
        }
        else if (bench.UnderWay.Count > 0)
        {
            var act = bench.UnderWay.Values.ElementAt(chance.Next(bench.UnderWay.Count));
            bench.Answer(act.Path, world.Call(act));
        }
        else if (bench.Run!.State == FlowState.Parked && bench.Rows.Values.FirstOrDefault(r => r.Stage == FlowStage.Parked) is { } parked)
        {
            if (parked.Unknown && !parked.Path.Contains('!', StringComparison.Ordinal))
            {
                bench.Next(new FlowResolved(parked.Path, world.FindOut(parked.Path), null, "a person")).Refused.ShouldBeNull(seed);
            }
            else
            {
                bench.Next(new FlowRetried(null)).Refused.ShouldBeNull(seed);
            }
        }
        else if (bench.Rows.Values.FirstOrDefault(r => r is { Stage: FlowStage.Waiting, Kind: FlowActKind.Signal }) is not null && chance.NextDouble() < 0.8)
        {
            bench.Next(new FlowSignalled("go", new(System.Text.Json.JsonSerializer.SerializeToElement(chance.Next(3)))));
        }
        else
        {
            bench.Now = bench.Wake.ShouldNotBeNull($"{seed}: nothing moves the run: {bench.Run}");
            bench.Next(null);
        }
    }

    static void Judge(FlowBench bench, FlowWorld world, string seed)
    {
        world.Wrong.ShouldBeEmpty(seed);
        world.Effects.ShouldBeUnique($"{seed}: something took effect twice");
        var done = world.Effects.Where(e => !e.Contains('!', StringComparison.Ordinal)).ToList();
        var undone = world.Effects.Where(e => e.EndsWith("!undo", StringComparison.Ordinal)).Select(e => e[..^5]).ToList();
        if (bench.Run!.State == FlowState.Succeeded)
        {
            undone.ShouldBeEmpty(seed);
            done.ShouldBe(bench.Rows.Values.Where(r => r is { Stage: FlowStage.Done, Kind: FlowActKind.Call } && !r.Path.Contains('!', StringComparison.Ordinal)).Select(r => r.Path), ignoreOrder: true, seed);
            world.Branches.Values.ShouldAllBe(p => p == "confirm", seed);
            return;
        }

        bench.Run.Pivoted.ShouldBeFalse(seed);
        undone.ShouldBe(done, ignoreOrder: true, $"{seed}: {bench.Run.Why}");
        world.Branches.Values.ShouldAllBe(p => p == "cancel", seed);
    }
}
