# The same binaries as CMakeLists.txt, for people who build addons with node-gyp:
#
#   npm run build:gyp                  (no Node headers needed: scripts/bootstrap/gyp.mjs)
#   npx node-gyp rebuild               (with Node's headers)
#   npm run build:gyp -- -Dcuda=1      (compiles native/cuda too; nvcc on the PATH, -Dlibtorch=DIR for CUDA)
#
# Not in the published package, where npm would run it at install.
{
  'variables': {
    'cuda%': 0,
    'libtorch%': '<!(node scripts/gyp-query.mjs libtorch)',
    'jpeg%': '<!(node scripts/gyp-query.mjs jpeg library)',
    'cuda_architectures%': [
      '-gencode=arch=compute_80,code=sm_80',
      '-gencode=arch=compute_90,code=sm_90',
    ],
  },
  'target_defaults': {
    'include_dirs': [
      '<!(node -p "require(\'node-api-headers\').include_dir")',
      '<!(node -p "require(\'node-addon-api\').include_dir")',
      'native',
    ],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-O3', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-psabi',
                  '-fno-math-errno'],
  },
  'targets': [
    {
      'target_name': 'simclr',
      'dependencies': ['build_json'],
      'sources': [
        '<!@(node scripts/gyp-query.mjs sources native/core .cc)',
        '<!@(node scripts/gyp-query.mjs sources native/binding .cc)',
      ],
      'defines': [
        'NAPI_VERSION=8',
        'NODE_ADDON_API_CPP_EXCEPTIONS',
        'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      # OpenMP is compiled in and not linked: its functions are in the libgomp that LibTorch brings.
      'cflags_cc': ['-fopenmp', '-isystem', '<(libtorch)/include',
                    '-isystem', '<(libtorch)/include/torch/csrc/api/include'],
      # No RPATH: loader.node has opened libtorch.so by then.
      'ldflags': ['-Wl,-z,nodelete', '-Wl,--exclude-libs,ALL', '-L<(libtorch)/lib'],
      'libraries': ['-ltorch', '-ltorch_cpu', '-lc10'],
      'conditions': [
        ['jpeg!=""', {
          'defines': ['SIMCLR_JPEG'],
          'include_dirs': ['<!@(node scripts/gyp-query.mjs jpeg include)'],
          'libraries': ['<(jpeg)'],
        }],
      ],
    },
    {
      'target_name': 'loader',
      'sources': ['native/loader/loader.cc'],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS'],
      'libraries': ['-ldl'],
    },
    {
      'target_name': 'build_json',
      'type': 'none',
      'actions': [{
        'action_name': 'build_json',
        'inputs': ['scripts/build-json.mjs'],
        'outputs': ['<(PRODUCT_DIR)/build.json'],
        'action': ['node', 'scripts/build-json.mjs', '<@(_outputs)', '<(libtorch)', 'OFF',
                   '<!(node scripts/gyp-query.mjs compiler)'],
      }],
    },
  ],
  'conditions': [
    ['cuda==1', {
      'targets': [
        {
          'target_name': 'simclr_cuda',
          'type': 'static_library',
          'sources': [
            '<!@(node scripts/gyp-query.mjs sources native/cuda .cc)',
            '<!@(node scripts/gyp-query.mjs sources native/cuda .cu)',
          ],
          'defines': ['SIMCLR_CUDA'],
          'cflags_cc': ['<!@(node scripts/gyp-query.mjs cuda-includes <(libtorch))'],
          'rules': [{
            'rule_name': 'nvcc',
            'extension': 'cu',
            'inputs': ['<!@(node scripts/gyp-query.mjs sources native/cuda .h)',
                       '<!@(node scripts/gyp-query.mjs sources native/core .h)'],
            'outputs': ['<(INTERMEDIATE_DIR)/<(RULE_INPUT_ROOT).cu.o'],
            'process_outputs_as_sources': 1,
            'action': ['nvcc', '-c', '-std=c++20', '-O3', '--expt-relaxed-constexpr', '-Xcompiler', '-fPIC', '-I', 'native',
                       '<@(cuda_architectures)', '-o', '<@(_outputs)', '<(RULE_INPUT_PATH)'],
          }],
        },
      ],
    }],
  ],
}
