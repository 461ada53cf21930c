using System.Net;
using Mainstay.Core.Servers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Servers;

public sealed class ServerChoiceTests
{
    static readonly Uri One = new("https://10.0.0.1:7071/");
    static readonly Uri Two = new("https://10.0.0.2:7071/");

    [Fact]
    public void TheNextIsAskedOnceHoweverManyTellOfTheSameFailure()
    {
        using var choice = new ServerChoice([One, Two]);
        var left = choice.Left;
        choice.Failed(One);
        choice.Failed(One);
        choice.Current.ShouldBe(Two);
        left.IsCancellationRequested.ShouldBeTrue();
        choice.Left.IsCancellationRequested.ShouldBeFalse();
        choice.Failed(Two);
        choice.Current.ShouldBe(One);
        choice.Moves.ShouldBe(2);
    }

    [Fact]
    public void AnOnlyServerIsAskedAgain()
    {
        using var choice = new ServerChoice([One]);
        var left = choice.Left;
        choice.Failed(One);
        choice.Current.ShouldBe(One);
        left.IsCancellationRequested.ShouldBeFalse();
        choice.IsOpen.ShouldBeFalse();
    }

    [Fact]
    public async Task WhoDoesNotAnswerOrDoesNotLeadIsLeft()
    {
        var asked = new List<string>();
        var answers = new Queue<Func<HttpResponseMessage>>(
        [
            () => throw new HttpRequestException("refused"),
            () => new(HttpStatusCode.ServiceUnavailable),
            () => new(HttpStatusCode.Forbidden),
            () => throw new OperationCanceledException("not in time"),
            () => new(HttpStatusCode.OK),
        ]);
        using var choice = new ServerChoice([One, Two]);
        using var client = new HttpClient(new ServerHandler(choice, new Scripted(asked, answers))) { BaseAddress = One };
        for (var n = 0; n < 5; n++)
        {
            try
            {
                using var answer = await client.GetAsync("internal/v1/table?after=3");
            }
            catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException)
            {
                // The caller asks again.
            }
        }

        asked.ShouldBe([$"{One}internal/v1/table?after=3", $"{Two}internal/v1/table?after=3", $"{One}internal/v1/table?after=3", $"{One}internal/v1/table?after=3", $"{Two}internal/v1/table?after=3"]);
    }

    sealed class Scripted(List<string> asked, Queue<Func<HttpResponseMessage>> answers) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            asked.Add(request.RequestUri!.ToString());
            return Task.FromResult(answers.Dequeue()());
        }
    }
}
