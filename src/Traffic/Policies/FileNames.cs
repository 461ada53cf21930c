using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>From the path of a request to a file's name below a folder.</summary>
internal static class FileNames
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["avif"] = "image/avif", ["bin"] = "application/octet-stream", ["css"] = "text/css; charset=utf-8", ["csv"] = "text/csv; charset=utf-8",
        ["gif"] = "image/gif", ["htm"] = "text/html; charset=utf-8", ["html"] = "text/html; charset=utf-8", ["ico"] = "image/x-icon", ["jpeg"] = "image/jpeg",
        ["jpg"] = "image/jpeg", ["js"] = "text/javascript; charset=utf-8", ["json"] = "application/json", ["map"] = "application/json",
        ["md"] = "text/markdown; charset=utf-8", ["mjs"] = "text/javascript; charset=utf-8", ["mp3"] = "audio/mpeg", ["mp4"] = "video/mp4", ["ogg"] = "audio/ogg",
        ["otf"] = "font/otf", ["pdf"] = "application/pdf", ["png"] = "image/png", ["svg"] = "image/svg+xml", ["tar"] = "application/x-tar",
        ["ttf"] = "font/ttf", ["txt"] = "text/plain; charset=utf-8", ["wasm"] = "application/wasm", ["wav"] = "audio/wav", ["webm"] = "video/webm",
        ["webmanifest"] = "application/manifest+json", ["webp"] = "image/webp", ["woff"] = "font/woff", ["woff2"] = "font/woff2", ["xml"] = "application/xml",
        ["yaml"] = "application/yaml", ["yml"] = "application/yaml", ["zip"] = "application/zip",
    };

    /// <summary>
    /// The name, with <c>/</c> between its parts and at its end where a folder is meant; null for what no file is served for: empty and hidden parts, encoded slashes,
    /// control characters, what is not UTF-8.
    /// </summary>
    /// <param name="path">As it came, without the slash in front.</param>
    public static string? Of(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty) return "";
        Span<byte> decoded = path.Length <= 1024 ? stackalloc byte[1024] : new byte[path.Length];
        var length = 0;
        for (var index = 0; index < path.Length; index++)
        {
            var next = path[index];
            if (next == '%')
            {
                if (index + 2 >= path.Length || HexOf(path[index + 1]) < 0 || HexOf(path[index + 2]) < 0) return null;
                next = (byte)(HexOf(path[index + 1]) * 16 + HexOf(path[index + 2]));
                index += 2;
                if (next is (byte)'/') return null;
            }
            if (next is < 0x20 or 0x7F or (byte)'\\') return null;
            decoded[length++] = next;
        }
        if (!System.Text.Unicode.Utf8.IsValid(decoded[..length])) return null;
        var name = Encoding.UTF8.GetString(decoded[..length]);
        var parts = name.Split('/');
        for (var index = 0; index < parts.Length; index++)
        {
            var isFolder = index == parts.Length - 1 && parts[index].Length == 0;
            if (!isFolder && (parts[index].Length is 0 or > 255 || parts[index][0] == '.')) return null;
        }
        return name;
    }

    /// <summary>The media type of a file by the end of its name.</summary>
    public static string TypeOf(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot >= 0 && Types.TryGetValue(name[(dot + 1)..], out var type) ? type : "application/octet-stream";
    }

    /// <summary>Whether a list of entity tags (If-None-Match) has this one, by the weak comparison of RFC 9110 §8.8.3.2.</summary>
    public static bool Names(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag)
    {
        foreach (var range in list.Split((byte)','))
        {
            var one = list[range].Trim(" \t"u8);
            if (one.StartsWith("W/"u8)) one = one[2..];
            if (one.SequenceEqual("*"u8) || one.SequenceEqual(tag)) return true;
        }
        return false;
    }

    private static int HexOf(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
