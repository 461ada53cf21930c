using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Deliver.Decide;
using Mainstay.Tests.Core.Kinds;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>Whatever the manifest can declare is kept by the version and by the resources, shows in a diff, and comes back by a rollback: for each part by itself, whichever parts there are.</summary>
public sealed class VersionPartsTests
{
    static readonly Author Ann = new("ann", "test");

    // Guards stand for what routes get of them, and are put into the routes when the manifest is read.
    public static TheoryData<string> Parts =>
    [
        .. typeof(ArchitectureSpec).GetProperties().Where(p => p.Name is not nameof(ArchitectureSpec.Gateway)).Select(p => p.Name),
        .. typeof(GatewaySpec).GetProperties().Where(p => p.Name is not nameof(GatewaySpec.Guards)).Select(p => $"{nameof(ArchitectureSpec.Gateway)}.{p.Name}"),
    ];

    [Theory]
    [MemberData(nameof(Parts))]
    public void Every_part_comes_through_apply_version_and_rollback(string part)
    {
        var bare = new ArchitectureSpec { Architecture = "shop", Services = new Dictionary<string, ServiceSpec> { ["web"] = new() { Run = "./web" } } };
        var full = With(bare, part);
        Text(full).ShouldNotBe(Text(bare), "the sample says nothing");

        var first = Applied(new(), full);
        Text(first.Latest!.ToSpec()).ShouldBe(Text(full), "what the version keeps");
        Text(first.ToDeclaration()!.Spec).ShouldBe(Text(full), "what the resources keep");

        var plan = ApplyDecide.Next(first, Declared(bare), Ann, default);
        plan.Changes.ShouldAllBe(c => c.Path.StartsWith(Path(part), StringComparison.Ordinal));
        plan.Changes.ShouldNotBeEmpty();

        var second = Applied(first, bare);
        Text(second.ToDeclaration()!.Spec).ShouldBe(Text(bare));
        var third = Applied(second, RollbackDecide.Whole(first.Latest!).Spec);
        Text(third.ToDeclaration()!.Spec).ShouldBe(Text(full), "what comes back");
        ApplyDecide.Next(third, Declared(full), Ann, default).Changes.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(TemplateParts))]
    public void What_an_instance_is_made_of_decides_which_services_move(string part, bool moves)
    {
        var before = Applied(new(), Shop(new ServiceSpec { Run = "./web", Version = "1.0.0" }));
        var running = before.Services["web"] with { Status = new() { Stable = Templates.Of(before.Services["web"], new Dictionary<string, int>()) } };
        before = before with { Services = new Dictionary<string, Service>(before.Services) { ["web"] = running } };
        var property = typeof(ServiceSpec).GetProperty(part)!;
        var after = (ServiceSpec)Copy(running.Spec);
        property.SetValue(after, Other(property, property.GetValue(running.Spec)));
        var declared = Declared(Shop(after)) with { Digests = new Dictionary<string, string> { ["web"] = new('a', 64) } };
        (ApplyDecide.Next(before, declared, Ann, default).Moves.Count > 0).ShouldBe(moves);
    }

    public static TheoryData<string, bool> TemplateParts
    {
        get
        {
            var moved = typeof(InstanceTemplate).GetProperties().Select(p => p.Name).Append(nameof(ServiceSpec.Needs)).ToHashSet();
            var data = new TheoryData<string, bool>();
            foreach (var property in typeof(ServiceSpec).GetProperties().Where(p => p.CanWrite))
            {
                data.Add(property.Name, moved.Contains(property.Name));
            }

            return data;
        }
    }

    static ArchitectureSpec Shop(ServiceSpec web) => new() { Architecture = "shop", Services = new Dictionary<string, ServiceSpec> { ["web"] = web } };

    static ArchitectureSpec With(ArchitectureSpec bare, string part)
    {
        var full = (ArchitectureSpec)Copy(bare);
        var (of, name) = part.Split('.') is [_, var below] ? (Copy(bare.Gateway), below) : (full, part);
        var property = of.GetType().GetProperty(name)!;
        property.SetValue(of, Other(property, property.GetValue(of)));
        if (of is GatewaySpec gateway)
        {
            typeof(ArchitectureSpec).GetProperty(nameof(ArchitectureSpec.Gateway))!.SetValue(full, gateway);
        }

        // A diff and a template read numbers and folders of services, so those stay what a manifest could say.
        return name == nameof(ArchitectureSpec.Services) ? bare with { Services = new Dictionary<string, ServiceSpec>(bare.Services) { ["more"] = new() { Run = "./more", Criticality = Criticality.Low } } } : full;
    }

    // The first value that a seed makes and that says something else.
    static object Other(PropertyInfo property, object? now)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var made = new RecordMaker(new Random(seed)).Make(property.PropertyType, depth: 0);
            if (made is not null and not "" && Text(made) is not "{}" and not "[]" && Text(made) != Text(now))
            {
                return made;
            }
        }

        throw new InvalidOperationException($"no sample of {property.Name}");
    }

    static object Copy(object record) => record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;

    static string Path(string part) => string.Join('.', part.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));

    static string Text(object? value) => Encoding.UTF8.GetString(Codec.EncodeSorted(value));

    static Declaration Declared(ArchitectureSpec spec) => new() { Spec = spec, BaseFolder = "/shop" };

    // What the store would hold after the change.
    static DeclaredState Applied(DeclaredState seen, ArchitectureSpec spec)
    {
        var plan = ApplyDecide.Next(seen, Declared(spec), Ann, default);
        plan.Problems.ShouldBeEmpty();
        return new()
        {
            Architecture = plan.Writes.Puts.OfType<Architecture>().SingleOrDefault() ?? seen.Architecture,
            Latest = plan.Version ?? seen.Latest,
            Gateway = plan.Writes.Puts.OfType<Gateway>().SingleOrDefault() ?? seen.Gateway,
            Services = After(seen.Services, plan),
            Routes = After(seen.Routes, plan),
            Watched = After(seen.Watched, plan),
            Objectives = After(seen.Objectives, plan),
            Rules = After(seen.Rules, plan),
            Receivers = After(seen.Receivers, plan),
            Jobs = After(seen.Jobs, plan),
            Queues = After(seen.Queues, plan),
            Flows = After(seen.Flows, plan),
            Spaces = After(seen.Spaces, plan),
        };
    }

    static Dictionary<string, T> After<T>(IReadOnlyDictionary<string, T> seen, ApplyPlan plan)
        where T : Resource
    {
        var after = new Dictionary<string, T>(seen, StringComparer.Ordinal);
        foreach (var put in plan.Writes.Puts.OfType<T>())
        {
            // As from a store: written once, so that it is known.
            after[put.Name] = put with { Revision = put.Revision + 1 };
        }

        foreach (var gone in plan.Writes.Deletes.OfType<T>())
        {
            after.Remove(gone.Name);
        }

        return after;
    }
}
