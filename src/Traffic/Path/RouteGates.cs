using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>What a route's own declaration makes of gates, in the order of the stations.</summary>
internal static class RouteGates
{
    /// <summary>What comes before every policy. A preflight carries no credentials: it is answered before a guard could ask for them.</summary>
    public static IEnumerable<Gate> First(ReadRoute? route, Edits? edits, bool tellsTraces)
    {
        if (edits?.Response is { HasLines: true } lines) yield return new ResponseLinesGate(lines);
        if (route?.Model.Spec is not { } spec) yield break;
        if (tellsTraces) yield return new TraceTellingGate();
        if (spec.Cors is { } cors) yield return new CorsGate(cors, spec.Match);
        if (spec.MaxBody is { } most) yield return new BodyLimitGate(most.Bytes);
    }

    /// <summary>What has a request remembered: done once, or later. Limits of the route hold for everything that comes there, those of the service for what goes on to it.</summary>
    public static IEnumerable<Gate> Remembered(TargetPlace place)
    {
        if (Requests.StatusGate.Compile(place) is { } status) yield return status;
        if (Requests.LaterGate.Compile(place) is { } later) yield return later;
        if (Requests.KeyGate.Compile(place) is { } keys) yield return keys;
    }

    /// <summary>What comes after every policy: answers in a service's place, or the choice of where to go.</summary>
    public static IEnumerable<Gate> Last(ReadRoute? route, ReportBox reports, SplitGate? split, Func<MirrorSpec, MirrorGate> mirror)
    {
        if (route is { Model: { Name: var name, Spec: var spec }, Template: var template })
        {
            // A guard or a check may have taken the whole of a body in, whose length nobody had declared.
            if (spec.MaxBody is { } most && (spec.Guard is not null || spec.Valid is not null)) yield return new BodyLimitGate(most.Bytes, "max-body-taken");
            if (route.Model.TakesReports) yield return new ReportGate(reports);
            if (spec.Redirect is { } redirect) yield return new RedirectGate(redirect, template, name);
            if (spec.Respond is { } respond) yield return new RespondGate(respond);
            if (spec.Files is { } files) yield return new FilesGate(files, template);
            if (spec.Mirror is { } copies) yield return mirror(copies);
        }
        if (split is not null) yield return split;
    }
}
