using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Drivers;

/// <summary>A server to ask for its figures.</summary>
/// <param name="Id">Unique: the watched server's name, or the instance's. The label <c>probe.target</c> of its series.</param>
/// <param name="Name">The watched server's name, or the service's: the label <c>service.name</c>.</param>
/// <param name="Kind">How to ask.</param>
/// <param name="Url">Where: scheme, host and port.</param>
/// <param name="Path">Of a status page; null for the kind's own.</param>
/// <param name="User">To log in with; null for none.</param>
/// <param name="Password">Where the password is: a file, or <c>env:NAME</c>; null for none.</param>
/// <param name="Database">Of postgres.</param>
/// <param name="Every">Between two probes.</param>
public sealed record ProbeTarget(string Id, string Name, ProbeKind Kind, Uri Url, string? Path, string? User, string? Password, string Database, TimeSpan Every)
{
    /// <summary>As shown to people.</summary>
    public string Shown => Kind is ProbeKind.Redis or ProbeKind.Postgres or ProbeKind.Mysql ? Url.Authority : Url.GetLeftPart(UriPartial.Authority);
}
