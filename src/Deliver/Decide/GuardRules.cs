using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of named guards, and what a route's guard means once names and relative files are resolved.</summary>
static class GuardRules
{
    public static IEnumerable<Problem> Problems(GatewaySpec gateway)
    {
        var guards = gateway.Guards ?? new Dictionary<string, GuardSpec>();
        foreach (var (name, guard) in guards)
        {
            var at = $"gateway.guards.{name}";
            if (!Names.IsValid(name))
            {
                yield return Names.Invalid(at, name);
            }

            if (guard.Use is not null)
            {
                yield return new($"{at}.use", "a guard under gateway.guards does not stand for another one", "write its terms here");
            }

            foreach (var problem in guard.Validate().Where(p => p.Path != "use"))
            {
                yield return problem.Under(at);
            }
        }

        foreach (var (name, route) in gateway.Routes)
        {
            var terms = route.Guard?.Use is { } named ? guards.GetValueOrDefault(named) : route.Guard;
            foreach (var problem in LimitRules.Unproven(route.Limits, route.User, terms, "add a guard to the route, or use client").Where(_ => route.Guard is null || terms is not null))
            {
                yield return problem.Under($"gateway.routes.{name}");
            }

            if (route.Guard?.Use is { } use && !guards.ContainsKey(use))
            {
                yield return new($"gateway.routes.{name}.guard.use", $"there is no guard '{Manifest.Words.Shown(use)}'", guards.Count == 0 ? "declare it under gateway.guards" : NeedRules.Suggest(use, guards.Keys));
            }
        }
    }

    /// <summary>Each route with the whole of its guard, its files absolute: what is stored says all by itself, wherever it is read.</summary>
    public static ArchitectureSpec Settled(ArchitectureSpec spec, string baseFolder)
    {
        var routes = spec.Gateway.Routes.ToDictionary(
            route => route.Key,
            route => route.Value.Guard is { } guard ? route.Value with { Guard = Settled(guard.Use is { } use ? spec.Gateway.Guards?.GetValueOrDefault(use) ?? guard : guard, baseFolder) } : route.Value,
            StringComparer.Ordinal);
        return spec with { Gateway = spec.Gateway with { Routes = routes } };
    }

    static GuardSpec Settled(GuardSpec guard, string baseFolder) => guard with
    {
        Jwt = guard.Jwt is { } jwt
            ? jwt with
            {
                Keys = jwt.Keys is { } keys && !keys.Contains("://", StringComparison.Ordinal) ? SecretPlace.Under(keys, baseFolder) : jwt.Keys,
                Secret = jwt.Secret is { } secret ? SecretPlace.Under(secret, baseFolder) : null,
            }
            : null,
        ApiKeys = guard.ApiKeys is { } apiKeys ? apiKeys with { From = SecretPlace.Under(apiKeys.From, baseFolder) } : null,
        Basic = guard.Basic is { } basic ? basic with { From = SecretPlace.Under(basic.From, baseFolder) } : null,
        Hmac = guard.Hmac is { } hmac ? hmac with { From = SecretPlace.Under(hmac.From, baseFolder) } : null,
    };
}
