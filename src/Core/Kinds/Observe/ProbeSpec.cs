using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Observe;

/// <summary>How the figures of a server are asked for. In the manifest either this, or its kind alone.</summary>
[PlainValueIs(nameof(Kind))]
public sealed record ProbeSpec
{
    /// <summary>What kind of server it is: nginx, redis, rabbitmq, postgres, mysql (MariaDB too), or prometheus for everything with an exporter.</summary>
    public required ProbeKind Kind { get; init; }

    /// <summary>The port to ask at. Default: the instance's own.</summary>
    public int? Port { get; init; }

    /// <summary>The path of an HTTP status page. Default <c>/nginx_status</c> of nginx, <c>/metrics</c> of prometheus, none of the others.</summary>
    public string? Path { get; init; }

    /// <summary>The name to log in with. Default: none; <c>postgres</c> of postgres, <c>root</c> of mysql.</summary>
    public string? User { get; init; }

    /// <summary>Where the password is kept: a file relative to the manifest, or <c>env:NAME</c> of the server's environment. Default: none.</summary>
    public string? Password { get; init; }

    /// <summary>The database to connect to, of postgres. Default <c>postgres</c>.</summary>
    public string Database { get; init; } = "postgres";

    /// <summary>Between two probes. Default 10s; 1s to 10m.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    public IEnumerable<Problem> Validate()
    {
        if (Port is < 1 or > 65535)
        {
            yield return new("port", $"{Port} is no port", "choose a number from 1 to 65535");
        }

        foreach (var problem in ProbeRules.Problems(Path, User, Password, Database, Every))
        {
            yield return problem;
        }
    }
}

/// <summary>A server that runs elsewhere, and is only looked at.</summary>
public sealed record WatchSpec
{
    /// <summary>What kind of server it is: nginx, redis, rabbitmq, postgres, mysql (MariaDB too), or prometheus for everything with an exporter.</summary>
    public required ProbeKind Kind { get; init; }

    /// <summary>Where it is: <c>host:port</c>, or <c>http://host:port</c> of those with a status page.</summary>
    public required string Address { get; init; }

    /// <summary>The path of an HTTP status page. Default <c>/nginx_status</c> of nginx, <c>/metrics</c> of prometheus, none of the others.</summary>
    public string? Path { get; init; }

    /// <summary>The name to log in with. Default: none; <c>postgres</c> of postgres, <c>root</c> of mysql.</summary>
    public string? User { get; init; }

    /// <summary>Where the password is kept: a file relative to the manifest, or <c>env:NAME</c> of the server's environment. Default: none.</summary>
    public string? Password { get; init; }

    /// <summary>The database to connect to, of postgres. Default <c>postgres</c>.</summary>
    public string Database { get; init; } = "postgres";

    /// <summary>Between two probes. Default 10s; 1s to 10m.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The address as a URL; null where it is none.</summary>
    public Uri? Url() =>
        Uri.TryCreate(Address.Contains("://", StringComparison.Ordinal) ? Address : "http://" + Address, UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https" && url.Host.Length > 0 && url.UserInfo.Length == 0 && url.PathAndQuery == "/" && url.Fragment.Length == 0 ? url : null;

    public IEnumerable<Problem> Validate()
    {
        if (Address.Length > 1024 || Url() is null)
        {
            yield return new("address", $"'{Address}' is no address", "write host:port, or http://host:port of a status page, without user and path");
        }
        else if (Url() is { } url && !Address.Contains("://", StringComparison.Ordinal) && !Address.EndsWith($":{url.Port}", StringComparison.Ordinal))
        {
            yield return new("address", $"'{Address}' has no port", "write host:port");
        }
        else if (Address.StartsWith("https:", StringComparison.Ordinal) && Kind is ProbeKind.Redis or ProbeKind.Postgres or ProbeKind.Mysql)
        {
            yield return new("address", $"{Kind} is not asked over https", "write host:port");
        }

        foreach (var problem in ProbeRules.Problems(Path, User, Password, Database, Every))
        {
            yield return problem;
        }
    }
}

/// <summary>A kind of server that can be asked for its figures.</summary>
public enum ProbeKind
{
    /// <summary>By the page of <c>stub_status</c>.</summary>
    Nginx,

    /// <summary>By INFO.</summary>
    Redis,

    /// <summary>By the management plug-in's HTTP API.</summary>
    Rabbitmq,

    /// <summary>By its statistics views.</summary>
    Postgres,

    /// <summary>MySQL or MariaDB, by its status.</summary>
    Mysql,

    /// <summary>By an exporter's page in Prometheus' text format.</summary>
    Prometheus,
}

/// <summary>What must hold of both.</summary>
static class ProbeRules
{
    public static IEnumerable<Problem> Problems(string? path, string? user, string? password, string database, TimeSpan every)
    {
        if (path is not null && (!path.StartsWith('/') || path.Length > 1024 || path.Any(c => c is <= ' ' or > '~')))
        {
            yield return new("path", $"'{path}' is no path", "write for example /metrics");
        }

        if (user is { Length: 0 or > 256 } || user?.Any(char.IsControl) == true)
        {
            yield return new("user", "this is no name of a user", "write 1 to 256 characters on one line");
        }

        if (database.Length is 0 or > 128 || database.Any(char.IsControl))
        {
            yield return new("database", "this is no name of a database", "write 1 to 128 characters on one line");
        }

        foreach (var problem in (password is null ? [] : SecretPlace.Validate("password", password)).Concat(Limits.Between("every", every, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10))))
        {
            yield return problem;
        }
    }
}
