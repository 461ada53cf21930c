using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides what a write of one resource declares: the whole architecture with that one thing changed, so that it is checked and versioned as a whole.</summary>
public static class WriteDecide
{
    /// <summary>What is declared with <paramref name="resource"/> put into it. Only what a user declares of it counts: spec, scale and listen address.</summary>
    public static Declaration? Put(Declaration declared, Resource resource) => resource switch
    {
        Service service => declared with
        {
            Spec = declared.Spec with { Services = With(declared.Spec.Services, service.Name, service.Spec) },
            Scales = new Dictionary<string, int?> { [service.Name] = service.Scale },
        },
        Route route => WithRoutes(declared, With(declared.Spec.Gateway.Routes, route.Name, route.Spec)),
        AlertRule rule => WithRules(declared, With(Rules(declared), rule.Name, rule.Spec)),
        Objective objective => WithObjectives(declared, With(Objectives(declared), objective.Name, objective.Spec)),
        Flow flow => WithFlows(declared, With(Flows(declared), flow.Name, flow.Spec)),
        Gateway gateway when gateway.Name == Gateway.TheName => WithDoor(declared, gateway),
        _ => null,
    };

    /// <summary>What is declared without <paramref name="resource"/>; the gateway goes back to its default address.</summary>
    public static Declaration? Delete(Declaration declared, Resource resource) => resource switch
    {
        Service service => declared with { Spec = declared.Spec with { Services = Without(declared.Spec.Services, service.Name) } },
        Route route => WithRoutes(declared, Without(declared.Spec.Gateway.Routes, route.Name)),
        AlertRule rule => WithRules(declared, Without(Rules(declared), rule.Name)),
        Objective objective => WithObjectives(declared, Without(Objectives(declared), objective.Name)),
        Flow flow => WithFlows(declared, Without(Flows(declared), flow.Name)),
        Gateway => WithDoor(declared, new Gateway { Name = Gateway.TheName }),
        _ => null,
    };

    static Declaration WithRoutes(Declaration declared, IReadOnlyDictionary<string, RouteSpec> routes) =>
        declared with { Spec = declared.Spec with { Gateway = declared.Spec.Gateway with { Routes = routes } } };

    static IReadOnlyDictionary<string, ObjectiveSpec> Objectives(Declaration declared) => declared.Spec.Objectives ?? new Dictionary<string, ObjectiveSpec>();

    static Declaration WithObjectives(Declaration declared, IReadOnlyDictionary<string, ObjectiveSpec> objectives) =>
        declared with { Spec = declared.Spec with { Objectives = objectives } };

    static IReadOnlyDictionary<string, RuleSpec> Rules(Declaration declared) => declared.Spec.Rules ?? new Dictionary<string, RuleSpec>();

    static Declaration WithRules(Declaration declared, IReadOnlyDictionary<string, RuleSpec> rules) => declared with { Spec = declared.Spec with { Rules = rules } };

    static IReadOnlyDictionary<string, FlowSpec> Flows(Declaration declared) => declared.Spec.Flows ?? new Dictionary<string, FlowSpec>();

    static Declaration WithFlows(Declaration declared, IReadOnlyDictionary<string, FlowSpec> flows) => declared with { Spec = declared.Spec with { Flows = flows } };

    static Declaration WithDoor(Declaration declared, Gateway door) => declared with
    {
        Spec = declared.Spec with
        {
            Gateway = door.ToSpec(declared.Spec.Gateway.Routes),
        },
    };

    static Dictionary<string, T> With<T>(IReadOnlyDictionary<string, T> map, string key, T value) =>
        new(map, StringComparer.Ordinal) { [key] = value };

    static Dictionary<string, T> Without<T>(IReadOnlyDictionary<string, T> map, string key)
    {
        var copy = new Dictionary<string, T>(map, StringComparer.Ordinal);
        copy.Remove(key);
        return copy;
    }
}
