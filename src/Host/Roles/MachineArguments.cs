using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Roles;

/// <summary>What a machine is told of itself and of the server that it joins.</summary>
sealed record MachineArguments
{
    const int MostLabels = 64;

    /// <summary>Where agents of other machines come in (server).</summary>
    public IPEndPoint? Agents { get; init; }

    const int MostDoors = 16;

    /// <summary>The doors of the servers that are joined, as <c>https://ADDRESS:PORT</c>: one, or those of several on one store; none for the server on this machine.</summary>
    public IReadOnlyList<Uri> Join { get; init; } = [];

    /// <summary>What it joins with; null once it has joined.</summary>
    public string? Token { get; init; }

    /// <summary>IP address at which other machines reach its instances; null for that towards the server.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Where its gateway takes in what others' gateways send to its instances; null for a place of its own choice.</summary>
    public IPEndPoint? Mesh { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What it offers; what is null is what it has.</summary>
    public ResourceSpec Offers { get; init; } = new();

    /// <summary>What it has.</summary>
    public static ResourceSpec Found { get; } = new() { Cpu = new(Environment.ProcessorCount * 100), Memory = new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20 << 20) };

    /// <summary>What instances may have.</summary>
    public ResourceSpec Capacity => new() { Cpu = Offers.Cpu ?? Found.Cpu, Memory = Offers.Memory ?? Found.Memory };

    /// <summary>Reads the options; null with a message where they are wrong.</summary>
    public static MachineArguments? Read(IReadOnlyDictionary<string, string> given, TextWriter error)
    {
        var offers = new ResourceSpec();
        if (given.TryGetValue("--cpu", out var text))
        {
            offers = offers with { Cpu = Cpus.TryParse(text, out var cpu) ? cpu : new(-1) };
        }

        if (given.TryGetValue("--memory", out text))
        {
            offers = offers with { Memory = ByteSize.TryParse(text, out var size) ? size : new(-1) };
        }

        IPEndPoint? agents = null;
        IPEndPoint? mesh = null;
        IReadOnlyList<Uri>? join = [];
        IPAddress? address = null;
        var labels = Labelled(given.GetValueOrDefault("--label", ""));
        var (what, remedy) =
            given.TryGetValue("--agents", out text) && (!IPEndPoint.TryParse(text, out agents) || agents.Port == 0 || agents.Address.Equals(IPAddress.Any) || agents.Address.Equals(IPAddress.IPv6Any))
                ? ($"'{text}' is no place to let agents in", "give --agents as ADDRESS:PORT, with an address of this machine that the others reach")
            : given.TryGetValue("--join", out text) && (join = DoorsOf(text)) is null
                ? ($"'{text}' is not the door of a server", $"give --join as https://ADDRESS:PORT, as 'mainstay host token' says it, or those of up to {MostDoors} servers on one store, with commas between")
            : given.TryGetValue("--mesh", out text) && (!IPEndPoint.TryParse(text, out mesh) || mesh.Port == 0 || mesh.Address.Equals(IPAddress.Any) || mesh.Address.Equals(IPAddress.IPv6Any))
                ? ($"'{text}' is no place to let other hosts' gateways in", "give --mesh as ADDRESS:PORT, with an address of this machine that the others reach")
            : given.TryGetValue("--address", out text) && !IPAddress.TryParse(text, out address)
                ? ($"'{text}' is not an IP address", "give --address as an address of this machine that the others reach")
            : labels is null
                ? ($"'{given["--label"]}' are no labels", $"give --label as KEY=VALUE,KEY=VALUE, at most {MostLabels}, each of 1 to 63 letters, digits, '-', '_', '.' and '/'")
            : offers.Validate().FirstOrDefault() is { } wrong ? (wrong.What, $"give --{wrong.Path} as a limit of what instances may have; without it, what the machine has")
            : ("", "");
        if (what.Length > 0)
        {
            error.WriteLine(what);
            error.WriteLine(remedy);
            return null;
        }

        return new()
        {
            Agents = agents, Join = join!, Address = address, Mesh = mesh, Labels = labels!, Offers = offers,
            Token = given.GetValueOrDefault("--token") ?? Environment.GetEnvironmentVariable("MAINSTAY_JOIN_TOKEN"),
        };
    }

    /// <summary>The options that say the same.</summary>
    public IReadOnlyList<string> Write()
    {
        List<string> words = [];
        void Add(string option, object? value)
        {
            if (value is not null)
            {
                words.AddRange([option, value.ToString()!]);
            }
        }

        Add("--address", Address);
        Add("--mesh", Mesh);
        Add("--label", Labels.Count == 0 ? null : string.Join(',', Labels.Select(l => $"{l.Key}={l.Value}")));
        Add("--cpu", Offers.Cpu);
        Add("--memory", Offers.Memory);
        return words;
    }

    static List<Uri>? DoorsOf(string text)
    {
        var doors = new List<Uri>();
        foreach (var one in text.Split(','))
        {
            if (!Uri.TryCreate(one, UriKind.Absolute, out var door) || door.Scheme != Uri.UriSchemeHttps || !IPAddress.TryParse(door.Host.Trim('[', ']'), out _) || doors.Count == MostDoors)
            {
                return null;
            }

            doors.Add(new Uri(door.GetLeftPart(UriPartial.Authority) + "/"));
        }

        return doors;
    }

    static SortedDictionary<string, string>? Labelled(string text)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            if (parts.Length != 2 || !parts.All(IsWord) || !labels.TryAdd(parts[0], parts[1]) || labels.Count > MostLabels)
            {
                return null;
            }
        }

        return labels;
    }

    static bool IsWord(string text) => text.Length is > 0 and < 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/');
}
