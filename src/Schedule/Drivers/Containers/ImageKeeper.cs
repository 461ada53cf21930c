using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>Notes which images this host's containers are made of, and removes those that nobody needs any more, when another one comes into use. What <see cref="ImageDecide"/> keeps is never touched.</summary>
sealed class ImageKeeper(DataFolder folder, EngineClient engine, TimeProvider time, Action<string, Exception> onFault) : IDisposable
{
    readonly SemaphoreSlim turn = new(1);
    IReadOnlyList<KnownImage>? known;

    string Book => Path.Combine(folder.Agent, "images.json");

    /// <summary>Says that a container of the service is about to be made of an image. False where the image is gone: fetch it again.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="image">As the template names it.</param>
    /// <param name="fetched">Whether it was fetched for this.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<bool> UseAsync(string service, string image, bool fetched, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            if (await engine.ImageAsync(image, stop) is not { } found)
            {
                return false;
            }

            known ??= Load();
            var next = ImageDecide.Use(known, new(service, image, found.Id, time.GetUtcNow(), fetched));
            var isNew = known.All(k => k.Service != service || k.Id != found.Id);
            known = next;
            if (isNew)
            {
                await SweepAsync(stop);
            }

            Save();
            return true;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    // What cannot be removed now stays noted, and is tried again with the next image.
    async Task SweepAsync(CancellationToken stop)
    {
        try
        {
            var inUse = await engine.ImagesInUseAsync(stop);
            foreach (var id in ImageDecide.Idle(known!, inUse))
            {
                if (await RemoveAsync(id, stop))
                {
                    known = ImageDecide.Without(known!, id);
                }
            }
        }
        catch (Exception fault) when (fault is EngineException or HttpRequestException)
        {
            onFault("images", fault);
        }
    }

    // By the names that we fetched it by; where somebody else has given it another one, it stays.
    async Task<bool> RemoveAsync(string id, CancellationToken stop)
    {
        try
        {
            var ours = known!.Where(k => k.Id == id).Select(k => k.Image).ToHashSet(StringComparer.Ordinal);
            if (await engine.ImageAsync(id, stop) is { } image)
            {
                foreach (var tag in image.Tags.Where(ours.Contains))
                {
                    await engine.RemoveImageAsync(tag, stop);
                }

                if (image.Tags.All(ours.Contains))
                {
                    await engine.RemoveImageAsync(id, stop);
                }
            }

            return true;
        }
        catch (EngineException refused)
        {
            onFault($"image {id}", refused);
            return false;
        }
    }

    IReadOnlyList<KnownImage> Load()
    {
        try
        {
            return File.Exists(Book) ? Codec.Decode<ImageBook>(File.ReadAllBytes(Book)).Images : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            onFault("images.json", fault);
            return [];
        }
    }

    void Save()
    {
        try
        {
            DataFolder.WriteAtomically(Book, Codec.Encode(new ImageBook(known!)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            onFault("images.json", fault);
        }
    }
}

/// <summary>The file of known images.</summary>
sealed record ImageBook(IReadOnlyList<KnownImage> Images);
