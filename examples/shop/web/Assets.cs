using System.Reflection;
using System.Security.Cryptography;

namespace Shop.Web;

/// <summary>Style and pictures, carried inside the assembly.</summary>
static class Assets
{
    static readonly Dictionary<string, byte[]> Files = Read();

    /// <summary>Carries the contents' hash, so that browsers keep it for good.</summary>
    public static readonly string StyleAddress = $"/style.css?v={Convert.ToHexStringLower(SHA256.HashData(Files["style.css"]))[..8]}";

    public static IResult Get(HttpContext context, string file)
    {
        if (!Files.TryGetValue(file, out var bytes))
            return Results.NotFound();
        var forGood = context.Request.Query.ContainsKey("v");
        context.Response.Headers.CacheControl = forGood ? "public, max-age=31536000, immutable" : "public, max-age=3600";
        return Results.Bytes(bytes, file.EndsWith(".css", StringComparison.Ordinal) ? "text/css; charset=utf-8" : "image/svg+xml");
    }

    static Dictionary<string, byte[]> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().ToDictionary(name => name, name =>
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }
}
