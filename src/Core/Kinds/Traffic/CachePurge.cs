using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// What the gateways have been told to forget of one route's or need's kept responses. Acts are numbered: each gateway carries out those that it has not, also when it was away in
/// between; where more were made than are remembered, it forgets all.
/// </summary>
public sealed record CachePurge : Resource
{
    /// <summary>How many acts are remembered.</summary>
    public const int Most = 32;

    /// <summary>Whose responses: <c>route/NAME</c> or <c>need/CALLER.CALLEE</c>.</summary>
    public required string About { get; init; }

    /// <summary>The acts, the oldest first, with numbers that rise by one. 1 to 32.</summary>
    public IReadOnlyList<PurgeAct> Acts { get; init; } = [];

    /// <summary>The resource's name for a route or need: <c>route.orders-api</c>.</summary>
    public static string NameOf(string about)
    {
        var name = about.Replace('/', '.');
        // The longest names would be too long with their kind before them.
        return name.Length <= Names.MaxLength ? name : $"{name[..40]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16]}";
    }

    /// <summary>The same with one more act.</summary>
    public CachePurge With(string? path, string by, DateTimeOffset at) =>
        this with { Acts = [.. Acts.Append(new PurgeAct((Acts.Count == 0 ? 0 : Acts[^1].Number) + 1, path, by, at)).TakeLast(Most)] };

    public override IEnumerable<Problem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (About.Split('/') is not ["route" or "need", { Length: > 0 }])
        {
            yield return new("about", $"'{About}' keeps no responses", "write route/NAME or need/CALLER.CALLEE");
        }

        if (Acts.Count is 0 or > Most || Acts.Zip(Acts.Skip(1)).Any(pair => pair.Second.Number != pair.First.Number + 1))
        {
            yield return new("acts", "the acts are not 1 to 32 in a row", "leave this to the server");
        }

        foreach (var path in Acts.Select(act => act.Path).OfType<string>().Where(path => !IsPath(path)))
        {
            yield return new("path", $"'{path}' is not a path", "write a path that begins with '/', without a query; with * at the end, all that begin so");
        }
    }

    static bool IsPath(string path) => path.StartsWith('/') && path.Length <= 2000 && !path.AsSpan().ContainsAnyExceptInRange('!', '~') && !path.AsSpan().ContainsAny("?#");
}

/// <summary>Something to forget.</summary>
/// <param name="Number">Its number among the acts about the same.</param>
/// <param name="Path">Which path, as clients write it and with every query; with <c>*</c> at the end, all that begin so. Null for all.</param>
/// <param name="By">Who wants it.</param>
/// <param name="At">Since when.</param>
public sealed record PurgeAct(long Number, string? Path, string By, DateTimeOffset At);
