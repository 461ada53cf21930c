using System.Text;
using Mainstay.Core.Kinds;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>What an endpoint answers: a value until the last step writes it.</summary>
public abstract record Answer
{
    public abstract Task WriteAsync(HttpContext context);

    /// <summary>200 with <paramref name="value"/> as the codec writes it.</summary>
    public static Answer Json<T>(T value) => new BytesAnswer(Codec.Encode(value));

    /// <summary>200 with plain text, UTF-8.</summary>
    public static Answer Text(string text, string contentType = "text/plain; charset=utf-8") =>
        new BytesAnswer(Encoding.UTF8.GetBytes(text), ContentType: contentType);
}

/// <summary>A whole body.</summary>
/// <param name="ETag">Quoted; null for none.</param>
public sealed record BytesAnswer(ReadOnlyMemory<byte> Body, int Status = StatusCodes.Status200OK, string ContentType = "application/json", string? ETag = null) : Answer
{
    public override async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = Body.Length;
        if (ETag is not null)
        {
            response.Headers.ETag = ETag;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(Body, context.RequestAborted);
        }
    }
}

/// <summary>304: what the client has is current.</summary>
public sealed record NotModified(string ETag) : Answer
{
    public override Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        context.Response.Headers.ETag = ETag;
        return Task.CompletedTask;
    }
}
