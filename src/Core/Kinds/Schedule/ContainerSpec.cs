using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>How the containers of a service that has an image are run, by the engine of each host (Podman or Docker).</summary>
public sealed record ContainerSpec
{
    /// <summary>When the image is fetched: <c>missing</c> (where the host does not have it), <c>always</c> (before each start), <c>never</c>. Default missing.</summary>
    public ImagePull Pull { get; init; }

    /// <summary>Where <c>user:password</c> for the registry is kept: a file relative to the manifest, or <c>env:NAME</c> of the agent's environment. Default: nobody logs in.</summary>
    public string? Login { get; init; }

    /// <summary>The program in place of the image's, as a list. Default: the image's.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Arguments in place of the image's. Default: the image's.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Working folder in the container. Default: the image's.</summary>
    public string? Folder { get; init; }

    /// <summary><c>host</c>: it listens on <c>$PORT</c> of the host and reaches its needs, as a process does; <c>bridge</c>: a network of its own, of which <see cref="Port"/> is published, and its needs are reached at the host's address in it. Default host.</summary>
    public ContainerNetwork Network { get; init; }

    /// <summary>In a bridge network, the port that it listens on, which is its <c>$PORT</c>. Default 8080; 1 to 65535.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>What it sees of the host, as <c>SOURCE:TARGET</c> or <c>SOURCE:TARGET:ro</c>: a source with a slash is a path, relative to the manifest; another is the name of a volume, which is made where it is missing.</summary>
    public IReadOnlyList<string> Mounts { get; init; } = [];

    /// <summary>The user that it runs as, as <c>user</c>, <c>uid</c> or <c>uid:gid</c>. Default: the image's.</summary>
    public string? User { get; init; }

    /// <summary>Nothing but mounts can be written. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How many processors it may use. Default: all. 0.01 to 1024.</summary>
    public Cpus? Cpu { get; init; }

    /// <summary>How much memory it may use; beyond that it is ended by the kernel. Default: all. At least 4Mi.</summary>
    public ByteSize? Memory { get; init; }

    /// <summary>How many processes and threads it may have. Default 2048; 1 to 1,000,000.</summary>
    public int Pids { get; init; } = 2048;

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Limits.Between("port", Port, 1, 65535).Concat(Limits.Between("pids", Pids, 1, 1_000_000)).Concat(Login is null ? [] : SecretPlace.Validate("login", Login)))
        {
            yield return problem;
        }

        if (Cpu is { Hundredths: < 1 or > 102_400 })
        {
            yield return new("cpu", $"{Cpu} is outside 0.01 to 1024", "choose a number within; 0.5 is half a processor");
        }

        if (Memory is { Bytes: < 4 << 20 })
        {
            yield return new("memory", $"{Memory} is less than 4Mi", "choose at least 4Mi");
        }

        foreach (var (mount, index) in Mounts.Select((m, i) => (m, i)))
        {
            if (mount.Split(':') is not ([{ Length: > 0 }, ['/', _, ..]] or [{ Length: > 0 }, ['/', _, ..], "ro"]))
            {
                yield return new($"mounts.{index}", $"'{mount}' is no mount", "write SOURCE:/TARGET, or SOURCE:/TARGET:ro");
            }
        }

        if (Folder is not null && !Folder.StartsWith('/'))
        {
            yield return new("folder", $"'{Folder}' is not absolute", "give the folder in the container, beginning with '/'");
        }
    }

    /// <summary>The same with sources and the login's file made absolute.</summary>
    public ContainerSpec Under(string folder) => this with
    {
        Login = Login is null ? null : SecretPlace.Under(Login, folder),
        Mounts = [.. Mounts.Select(m => m.Split(':') is [var source, .. var rest] && source.Contains('/') ? string.Join(':', [Path.GetFullPath(source, folder), .. rest]) : m)],
    };
}

/// <summary>When an image is fetched.</summary>
public enum ImagePull
{
    /// <summary>Where the host does not have it.</summary>
    Missing,

    /// <summary>Before each start.</summary>
    Always,

    /// <summary>Not at all: it is put on the hosts by other means.</summary>
    Never,
}

/// <summary>The network of a container.</summary>
public enum ContainerNetwork
{
    /// <summary>The host's.</summary>
    Host,

    /// <summary>One of its own, of which one port is published.</summary>
    Bridge,
}
