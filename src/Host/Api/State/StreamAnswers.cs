using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide;
using Mainstay.State.Streams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Mainstay.Host.Api.State;

/// <summary>What streams answer where it was not done.</summary>
static class StreamAnswers
{
    /// <summary>The version of the stream, in answers to appends and with snapshots.</summary>
    public const string VersionHeader = "Mainstay-Stream-Version";

    public static void TellVersion(Call call, long version) => call.Context.Response.Headers[VersionHeader] = version.ToString(CultureInfo.InvariantCulture);

    public static Answer OfReader(ReadersAnswer answer) => answer.Status == StreamStatus.Done ? Answer.Json(answer.Readers![0]) : Refused(answer.Status, answer.Why);

    public static ProblemAnswer Closed(StreamHouse house) => ProblemAnswer.Unavailable(house.Trouble ?? "Mainstay is stopping", "follow the message, then try again");

    public static ProblemAnswer BadName(string name) =>
        ProblemAnswer.BadRequest($"'{Shown(name)}' is not the name of a stream", $"use 1 to {StreamDecide.LongestName} letters, digits, '-', '_', '.' and ':', beginning with a letter or digit");

    public static string Shown(string name) => name.Length > 63 ? name[..63] + "…" : name;

    public static Answer Refused(StreamStatus status, string? why, long actual = 0) => status switch
    {
        StreamStatus.WrongVersion => new WrongVersionAnswer(why!, actual),
        StreamStatus.IdTaken => ProblemAnswer.Conflict(why!, "send events that belong together in one request with ids of their own"),
        StreamStatus.Refused => ProblemAnswer.Conflict(why!, "read how it stands, then try again"),
        StreamStatus.Gone => new ProblemAnswer(StatusCodes.Status410Gone, "gone", why!, "use another name"),
        StreamStatus.Unknown => ProblemAnswer.NotFound(why!, "see 'mainstay stream list'"),
        StreamStatus.TooLarge => new ProblemAnswer(StatusCodes.Status413PayloadTooLarge, "too-large", why!, "make it smaller"),
        StreamStatus.Busy => new ProblemAnswer(StatusCodes.Status429TooManyRequests, "busy", why!, "try again later") { RetryAfter = 1 },
        StreamStatus.DiskFull => ProblemAnswer.DiskFull(why!),
        _ => ProblemAnswer.Unavailable(why ?? "the streams cannot be written", "try again; with the same event ids they are stored once"),
    };

    /// <summary>409 with the version that the stream has.</summary>
    sealed record WrongVersionAnswer(string Detail, long Actual) : Answer
    {
        public override Task WriteAsync(HttpContext context)
        {
            context.Response.Headers.CacheControl = "no-store";
            const int Status = StatusCodes.Status409Conflict;
            var document = new Document("urn:mainstay:problem:wrong-version", ReasonPhrases.GetReasonPhrase(Status), Status, Detail, "read what came meanwhile, decide anew, and expect that version", Actual);
            return new BytesAnswer(Codec.Encode(document), Status, ProblemAnswer.MediaType).WriteAsync(context);
        }
    }

    sealed record Document(string Type, string Title, int Status, string Detail, string Remedy, long Actual);
}
