#include "core/image/jpeg.h"

#ifdef SIMCLR_JPEG
#include <fcntl.h>
#include <jpeglib.h>  // after cstdio
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <memory>

#include "core/image/exif.h"
#include "core/image/shrink.h"

#ifndef JCS_EXTENSIONS
#error "libjpeg-turbo's jpeglib.h is needed, not another libjpeg's"
#endif

namespace simclr {
namespace {

#define SIMCLR_TEXT_OF(token) #token
#define SIMCLR_TEXT(macro) SIMCLR_TEXT_OF(macro)

/// libjpeg's state for one file. It reports trouble by longjmp: methods with `begin()` own nothing that would
/// have to be destroyed, and all trouble means "declined".
class Decoder {
 public:
  Decoder() {
    state_.err = &trouble_.manager;
    trouble_.manager.error_exit = give_up;
    trouble_.manager.emit_message = [](j_common_ptr state, int level) {
      if (level < 0) give_up(state);  // a warning: damaged data
    };
    trouble_.manager.output_message = [](j_common_ptr) {};
    trouble_.manager.format_message = [](j_common_ptr, char* text) { *text = 0; };
    trouble_.manager.reset_error_mgr = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr state) {
      if (reinterpret_cast<j_decompress_ptr>(state)->input_scan_number > kJpegMaxScans) give_up(state);
    };
    if (setjmp(trouble_.escape) == 0) jpeg_create_decompress(&state_);
    state_.progress = &progress_;
  }
  ~Decoder() { jpeg_destroy_decompress(&state_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Reads the header from memory; false: declined.
  bool open(std::span<const uint8_t> file, const JpegOptions& options) {
    if (setjmp(trouble_.escape) != 0) return false;
    jpeg_mem_src(&state_, file.data(), file.size());
    return begin(options);
  }

  bool open(FILE* file, const JpegOptions& options) {
    if (setjmp(trouble_.escape) != 0) return false;
    jpeg_stdio_src(&state_, file);
    return begin(options);
  }

  /// Of the image in the file.
  ImageSize size() const {
    return {static_cast<int>(state_.image_width), static_cast<int>(state_.image_height)};
  }
  /// Of what `read` writes.
  ImageSize decoded_size() const {
    return {static_cast<int>(state_.output_width), static_cast<int>(state_.output_height)};
  }
  int reduced_by() const { return static_cast<int>(state_.scale_denom); }
  int channels() const { return state_.num_components; }

  /// Writes all pixels; false: declined.
  bool read(uint8_t* out) {
    if (setjmp(trouble_.escape) != 0) return false;
    jpeg_start_decompress(&state_);
    const size_t row_bytes = static_cast<size_t>(state_.output_width) * channels();
    constexpr JDIMENSION kRows = 16;
    JSAMPROW rows[kRows];
    while (state_.output_scanline < state_.output_height) {
      const JDIMENSION first = state_.output_scanline;
      const JDIMENSION count = std::min(kRows, state_.output_height - first);
      for (JDIMENSION i = 0; i < count; ++i) rows[i] = out + (first + i) * row_bytes;
      jpeg_read_scanlines(&state_, rows, count);
    }
    const bool is_whole = has_all_detail();
    jpeg_finish_decompress(&state_);  // reads on to the end marker
    return is_whole;
  }

 private:
  struct Trouble {
    jpeg_error_mgr manager{};  // first: libjpeg hands out its address
    jmp_buf escape;
  };

  [[noreturn]] static void give_up(j_common_ptr state) {
    longjmp(reinterpret_cast<Trouble*>(state->err)->escape, 1);
  }

  /// Reads the header and settles how to decode; false: declined.
  bool begin(const JpegOptions& options) {
    if (!read_header() || !is_plain() || !is_within(options.max_pixels)) return false;
    state_.out_color_space = channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
    state_.dct_method = JDCT_ISLOW;
    state_.do_fancy_upsampling = TRUE;
    state_.scale_num = 1;
    state_.scale_denom = scale(options.shorter_side);
    jpeg_calc_output_dimensions(&state_);
    return true;
  }

  bool read_header() {
    jpeg_save_markers(&state_, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(&state_, JPEG_APP0 + 2, 1);
    return jpeg_read_header(&state_, TRUE) == JPEG_HEADER_OK;
  }

  /// Nothing that would need more than decoding.
  bool is_plain() const {
    const bool is_grey = state_.num_components == 1 && state_.jpeg_color_space == JCS_GRAYSCALE;
    const bool is_colour = state_.num_components == 3 && state_.jpeg_color_space == JCS_YCbCr;
    if (state_.data_precision != 8 || state_.arith_code || !(is_grey || is_colour)) return false;
    for (jpeg_saved_marker_ptr marker = state_.marker_list; marker != nullptr; marker = marker->next) {
      if (marker->marker == JPEG_APP0 + 2) return false;
      if (exif_orientation({marker->data, marker->data_length}) != 1) return false;
    }
    return has_usual_sampling();
  }

  /// Chroma at full or half resolution: what upsampling is the same for in all of libjpeg-turbo's versions.
  bool has_usual_sampling() const {
    if (state_.num_components == 1) return true;
    const jpeg_component_info& luma = state_.comp_info[0];
    if (luma.h_samp_factor > 2 || luma.v_samp_factor > 2 || luma.v_samp_factor > luma.h_samp_factor)
      return false;
    return std::all_of(state_.comp_info + 1, state_.comp_info + 3, [](const jpeg_component_info& chroma) {
      return chroma.h_samp_factor == 1 && chroma.v_samp_factor == 1;
    });
  }

  bool is_within(int64_t max_pixels) const {
    return static_cast<int64_t>(size().width) * size().height <= max_pixels;
  }

  /// The image is decoded at one over it, where blocks of 8 x 8 coefficients make 1, 2 or 4 pixels a side: of
  /// the sizes that libjpeg-turbo knows those that it has vector code for.
  int scale(int shorter_side) const {
    const int64_t shorter = std::min(size().width, size().height);
    for (const int by : {8, 4, 2}) {
      if (shorter_side > 0 && shorter >= int64_t{by} * shorter_side) return by;
    }
    return 1;
  }

  /// All bits of all coefficients have come; without, libjpeg smooths blocks, each version in its own way.
  bool has_all_detail() const {
    if (state_.coef_bits == nullptr) return true;
    return std::all_of(state_.coef_bits, state_.coef_bits + state_.num_components,
                       [](const int(&bits)[DCTSIZE2]) {
                         return std::all_of(bits, bits + DCTSIZE2, [](int missing) { return missing == 0; });
                       });
  }

  jpeg_decompress_struct state_{};
  Trouble trouble_;
  jpeg_progress_mgr progress_{};
};

template <class Source>
std::optional<Pixels> decode(Source source, const JpegOptions& options) {
  Decoder decoder;
  if (!decoder.open(source, options)) return std::nullopt;
  const ImageSize whole = decoder.size(), due = shrunk_size(whole, options.shorter_side);
  const auto [width, height] = decoder.decoded_size();
  Pixels pixels = make_pixels(width, height, decoder.channels());
  if (!decoder.read(pixels.data.get())) return std::nullopt;
  if (due.width == width && due.height == height) return pixels;
  const ImageView view{pixels.data.get(), width, height, pixels.channels, int64_t{width} * pixels.channels};
  return shrink({view, whole, decoder.reduced_by()}, due);
}

}  // namespace

const char* jpeg_library() { return SIMCLR_TEXT(LIBJPEG_TURBO_VERSION); }

std::optional<Pixels> decode_jpeg(std::span<const uint8_t> file, const JpegOptions& options) {
  return decode(file, options);
}

std::optional<Pixels> decode_jpeg_file(const std::string& path, const JpegOptions& options) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return std::nullopt;
  struct stat about {};
  const std::unique_ptr<FILE, decltype([](FILE* file) { fclose(file); })> file(fdopen(descriptor, "rb"));
  if (!file) close(descriptor);
  if (!file || fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  setvbuf(file.get(), nullptr, _IOFBF, 1 << 16);
  return decode(file.get(), options);
}

}  // namespace simclr

#else

namespace simclr {

const char* jpeg_library() { return nullptr; }
std::optional<Pixels> decode_jpeg(std::span<const uint8_t>, const JpegOptions&) { return std::nullopt; }
std::optional<Pixels> decode_jpeg_file(const std::string&, const JpegOptions&) { return std::nullopt; }

}  // namespace simclr

#endif
