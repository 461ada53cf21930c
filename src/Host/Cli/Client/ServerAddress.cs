using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Client;

/// <summary>Finds the server that a command means: the one that is named, else the one that runs on the data folder.</summary>
public static class ServerAddress
{
    const string Remedy = "start one with 'mainstay up', or name it with --server";

    /// <exception cref="CliError">The name is no address, or nothing is named and nothing runs on the folder.</exception>
    public static Uri Find(string? named, string dataFolder) => named is null ? OfFolder(dataFolder) : Parse(named);

    internal static CliError NoServer(string where) => new($"no server at {where}", Remedy) { NoServer = true };

    static Uri Parse(string named)
    {
        var text = named.Contains("://", StringComparison.Ordinal) ? named : "http://" + named;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CliError($"'{named}' is not the address of a server", "write --server http://HOST:PORT", ExitCode.Invalid);
    }

    static Uri OfFolder(string dataFolder)
    {
        var file = Path.Combine(dataFolder, "run", "server.json");
        try
        {
            return JsonNode.Parse(File.ReadAllText(file))?["url"]?.GetValue<string>() is { } url ? new Uri(url) : throw Broken(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliError($"no server runs on {dataFolder}", Remedy) { NoServer = true };
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliError($"{file} cannot be read by this user", "run the command as the user who started the server, or name the server with --server");
        }
        catch (Exception error) when (error is JsonException or UriFormatException or InvalidOperationException)
        {
            throw Broken(file);
        }
    }

    static CliError Broken(string file) => new($"{file} does not name a server", Remedy) { NoServer = true };
}
