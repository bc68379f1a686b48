# What others build with: kernels.h, the kernels as a static library, and find_package(crnn).
# In the wheel it lies inside the package, and the package is the prefix; otherwise where C programs have it.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

if(CRNN_PYTHON)
  set(CRNN_INCLUDE_DIR crnn/include)
  set(CRNN_LIB_DIR crnn/lib)
else()
  set(CRNN_INCLUDE_DIR ${CMAKE_INSTALL_INCLUDEDIR}/crnn)
  set(CRNN_LIB_DIR ${CMAKE_INSTALL_LIBDIR})
endif()
set(CRNN_CMAKE_DIR ${CRNN_LIB_DIR}/cmake/crnn)

install(FILES csrc/kernels.h DESTINATION ${CRNN_INCLUDE_DIR})
set_target_properties(crnn_kernels PROPERTIES EXPORT_NAME kernels)
install(TARGETS crnn_kernels EXPORT crnn ARCHIVE DESTINATION ${CRNN_LIB_DIR}
                                         INCLUDES DESTINATION ${CRNN_INCLUDE_DIR})
install(EXPORT crnn NAMESPACE crnn:: FILE crnn-targets.cmake DESTINATION ${CRNN_CMAKE_DIR})

configure_package_config_file(cmake/crnn-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/crnn-config.cmake
                              INSTALL_DESTINATION ${CRNN_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/crnn-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/crnn-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/crnn-config-version.cmake
        DESTINATION ${CRNN_CMAKE_DIR})
