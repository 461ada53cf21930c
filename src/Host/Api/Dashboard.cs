using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Mainstay.Host.Api;

/// <summary>
/// Serves the dashboard's built files, and <c>index.html</c> for every path that is a page of it. Files below <c>/assets/</c> carry a hash
/// of their content in their name and are cached for ever; everything else is asked for again with its ETag.
/// </summary>
public sealed class Dashboard(string? folder)
{
    /// <summary>Scripts, styles, fonts and connections from this server alone; no framing, no plug-ins, no forms to elsewhere.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
        + "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    static readonly string[] NoPages = ["/api", "/internal", "/openapi", "/metrics", "/prometheus", "/healthz", "/livez", "/readyz", "/assets"];

    public void Use(IApplicationBuilder app)
    {
        PhysicalFileProvider? files = folder is not null && Directory.Exists(folder) ? new(Path.GetFullPath(folder)) : null;
        if (files is not null)
        {
            app.UseStaticFiles(new StaticFileOptions { FileProvider = files, OnPrepareResponse = Prepare });
        }

        app.Use((context, next) => context.GetEndpoint() is null ? FallbackAsync(context, files) : next(context));
    }

    static void Prepare(StaticFileResponseContext served)
    {
        var headers = served.Context.Response.Headers;
        headers.CacheControl = served.Context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
        Protect(headers);
    }

    static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }

    static Task FallbackAsync(HttpContext context, PhysicalFileProvider? files)
    {
        var request = context.Request;
        var page = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!page || NoPages.Any(p => request.Path.StartsWithSegments(p)))
        {
            return ProblemAnswer.NotFound($"there is nothing at {request.Path}", "see /openapi/v1.json for what there is").WriteAsync(context);
        }

        var index = files?.GetFileInfo("index.html");
        return index is { Exists: true }
            ? ServeIndexAsync(context, index)
            : ProblemAnswer.NotFound("the dashboard is not built", "run ./mainstay with Node installed; the API is at /api/v1").WriteAsync(context);
    }

    static async Task ServeIndexAsync(HttpContext context, IFileInfo index)
    {
        var tag = $"\"{index.LastModified.ToUnixTimeMilliseconds():x}-{index.Length:x}\"";
        context.Response.Headers.CacheControl = "no-cache";
        Protect(context.Response.Headers);
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Tag == new StringSegment(tag)))
        {
            await new NotModified(tag).WriteAsync(context);
            return;
        }

        await using var content = index.CreateReadStream();
        var body = new byte[content.Length];
        await content.ReadExactlyAsync(body, context.RequestAborted);
        await new BytesAnswer(body, ContentType: "text/html; charset=utf-8", ETag: tag).WriteAsync(context);
    }
}
