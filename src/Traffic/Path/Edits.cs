using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>All that a route changes about requests and responses on their way, compiled.</summary>
internal sealed class Edits
{
    /// <summary>The new path; null to keep it.</summary>
    public CompiledText? Path { get; private init; }

    /// <summary>The line of the new Host; null to keep it.</summary>
    public byte[]? HostLine { get; private init; }

    public HeadEdit? Request { get; private init; }

    public HeadEdit? Response { get; private init; }

    /// <summary>True when the request's header lines cannot be copied as they are.</summary>
    public bool ChangesRequestLines => HostLine is not null || Request is not null;

    /// <summary>Null where nothing is changed.</summary>
    public static Edits? Of(string route, RouteSpec spec, PathTemplate template)
    {
        if (spec.Rewrite is null && spec.RequestHeaders is null && spec.ResponseHeaders is null && spec.Cors is null) return null;
        return new Edits
        {
            Path = spec.Rewrite switch
            {
                { Path: { } path } => CompiledText.Of(path, template, route),
                { Prefix: { } prefix } => CompiledText.OfPrefix(prefix, template),
                _ => null,
            },
            HostLine = spec.Rewrite?.Host is { } host ? Encoding.ASCII.GetBytes($"Host: {host}\r\n") : null,
            Request = HeadEdit.Of(spec.RequestHeaders, [], route),
            Response = HeadEdit.Of(spec.ResponseHeaders, spec.Cors is null ? [] : CorsGate.OwnHeaders, route),
        };
    }

    /// <summary>Room that the request takes beyond its own length.</summary>
    public int RequestRoom(RequestHead request) => (Path?.Room(request) ?? 0) + (HostLine?.Length ?? 0) + (Request?.Room(request) ?? 0);
}
